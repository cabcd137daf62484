import Foundation

/// Reads what a process adds to its log, line by line.
final class LogTail {
    private let path: String
    private var file: FileHandle?
    private var rest = Data()

    init(_ path: String) { self.path = path }

    /// The whole lines that have come since the last call; none while there is no file.
    func read() -> [Substring] {
        file = file ?? FileHandle(forReadingAtPath: path)
        guard let file, let new = try? file.readToEnd(), !new.isEmpty else { return [] }
        rest += new
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let text = String(decoding: rest[..<end], as: UTF8.self)
        rest = Data(rest[rest.index(after: end)...])
        return text.split(separator: "\n")
    }
}
