internal import FoundationEssentials
internal import Glibc
internal import Model

/// What `rondo-media` writes: the length of the JSON as four big-endian bytes, the JSON, the cover, the packet list.
package struct Answer: Sendable {
    package let bytes: [UInt8]

    private struct Document: Encodable {
        var song: MediaDescription?
        var refused: Refusal?
    }

    /// Reads the file and says what was found or why it is not taken.
    package init(for file: UploadedFile) {
        do {
            let song = try MediaReader.read(file)
            self.init(Document(song: song.description), attachments: song.cover + song.packets)
        } catch {
            self.init(Document(refused: error), attachments: [])
        }
    }

    package func write(to descriptor: Int32) -> Bool { Self.write(bytes, to: descriptor) }

    /// Writes all of `bytes`, waiting for a slow reader.
    /// - Returns: false when the reader has gone.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Safe because the buffer's own base address and count are used, within its closure.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private init(_ document: Document, attachments: [UInt8]) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(document) else { fatalError("a description is always encodable") }
        let length = UInt32(json.count)
        bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + Array(json) + attachments
    }
}
