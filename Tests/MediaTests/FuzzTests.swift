import Foundation
import Model
import Testing
import TestTools

/// Real files with damage in them, through the child: it answers by the contract and in time, whatever it finds.
@Suite struct FuzzTests {
    private static let shapes: [(arguments: [String], name: String)] = [
        (["-c:a", "libmp3lame"], "a.mp3"), (["-c:a", "flac"], "a.flac"), (["-c:a", "aac"], "a.m4a"),
        (["-c:a", "alac"], "alac.m4a"), (["-c:a", "libopus"], "a.opus"), (["-c:a", "libvorbis"], "a.ogg"),
        (["-c:a", "pcm_s16le"], "a.wav"), (["-c:a", "aac", "-f", "adts"], "a.aac"),
    ]

    @Test(arguments: 0..<8)
    func `Damaged files are read or refused, never crash the child`(_ shape: Int) async throws {
        let (arguments, name) = Self.shapes[shape]
        let folder = try TemporaryFolder()
        let path = try await Music.made(["-t", "3", "-map", "0:a"] + arguments, as: name, in: folder)
        let whole = try Array(Data(contentsOf: URL(filePath: path)))
        var generator = SeededGenerator(seed: UInt64(shape))
        for _ in 0..<50 {
            let damaged = damage(whole, using: &generator)
            _ = try await Child.parse(folder.file("damaged", damaged))
        }
    }

    /// Flips, overwrites, removes and inserts, more often where the headers are.
    private func damage(_ whole: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = whole
        for _ in 0..<(1 << Int.random(in: 0..<7, using: &generator)) where bytes.count > 600 {
            let reach = [64, 2000, bytes.count - 300].randomElement(using: &generator) ?? 64
            let index = Int.random(in: 0..<min(reach, bytes.count - 300), using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.replaceSubrange(index..<(index + 4), with: [0x7F, 0xFF, 0xFF, 0xFF])
            case 3: bytes.removeSubrange(index..<(index + Int.random(in: 1..<300, using: &generator)))
            default: bytes.insert(contentsOf: bytes[index..<(index + 200)].reversed(), at: index)
            }
        }
        return Bool.random(using: &generator)
            ? bytes : Array(bytes.prefix(Int.random(in: 1...bytes.count, using: &generator)))
    }
}
