import Foundation
import HTTP
import Model
import Testing

@Suite struct GzipTests {
    /// What the program that everybody has makes of a member.
    private func unpacked(_ member: [UInt8]) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appending(path: "rondo-\(UUID().uuidString).gz")
        try Data(member).write(to: file)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/gzip")
        process.arguments = ["-dc", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(output)
    }

    @Test(arguments: [0, 1, 2, 3, 4, 257, 258, 259, 1_000])
    func `One byte again and again is what it was`(count: Int) throws {
        let bytes = [UInt8](repeating: 0x61, count: count)
        #expect(try unpacked(Gzip.compress(bytes)) == bytes)
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `Any bytes come back, however much repeats`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < 70_000 {
            if bytes.count > 10, random.next() % 3 > 0 {
                let from = Int(random.next() % UInt64(bytes.count))
                let length = min(bytes.count - from, Int(random.next() % 700))
                bytes += bytes[from..<from + length]
            } else {
                bytes += (0..<random.next() % 60).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
        }
        #expect(try unpacked(Gzip.compress(bytes)) == bytes)
    }

    @Test func `Text takes less than half, and the same bytes always give the same member`() {
        let text = (0..<400).map { "let number\($0 % 7) = values[\($0)] + offset\n" }.joined()
        let member = Gzip.compress(Array(text.utf8))
        #expect(member.count * 2 < text.utf8.count)
        #expect(member == Gzip.compress(Array(text.utf8)))
    }
}
