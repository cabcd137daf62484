import Foundation
import Model
import Testing
import TestTools

/// Real files with damage in them, through the child: it answers by the contract and in time, whatever it finds.
///
/// One seed makes one damaged file. `make test` sends 40 of each shape, `make fuzz-media` as many as it is told.
@Suite struct FuzzTests {
    private static let shapes: [(arguments: [String], name: String)] = [
        (["-c:a", "libmp3lame"], "a.mp3"), (["-c:a", "libmp3lame", "-q:a", "3", "-write_id3v1", "1"], "vbr.mp3"),
        (["-c:a", "flac"], "a.flac"), (["-c:a", "aac"], "a.m4a"),
        (["-c:a", "aac", "-movflags", "faststart"], "front.m4a"),
        (["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000"], "parts.m4a"),
        (["-c:a", "alac"], "alac.m4a"), (["-c:a", "libopus"], "a.opus"), (["-c:a", "libvorbis"], "a.ogg"),
        (["-c:a", "pcm_s16le"], "a.wav"), (["-c:a", "pcm_s16be", "-write_id3v2", "1"], "a.aiff"),
        (["-c:a", "aac", "-f", "adts"], "a.aac"),
    ]

    private static func setting(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    /// How many files of each shape, and the first one's seed.
    private static let count = setting("RONDO_FUZZ_FILES", 40)
    private static let firstSeed = setting("RONDO_FUZZ_SEED", 1)

    private func whole(_ shape: Int, in folder: TemporaryFolder) async throws -> [UInt8] {
        let (arguments, name) = Self.shapes[shape]
        let path = try await Music.made(["-t", "3", "-map", "0:a"] + arguments, as: name, in: folder)
        return try Array(Data(contentsOf: URL(filePath: path)))
    }

    @Test(arguments: 0..<12)
    func `Damaged files are read or refused, never crash the child`(_ shape: Int) async throws {
        let folder = try TemporaryFolder()
        let whole = try await whole(shape, in: folder)
        let other = try await self.whole((shape + 5) % Self.shapes.count, in: folder)
        for seed in Self.firstSeed..<(Self.firstSeed + Self.count) {
            var generator = SeededGenerator(seed: UInt64(seed * Self.shapes.count + shape))
            let damaged = Damage.some(whole, other, using: &generator)
            let path = try folder.file("damaged", damaged)
            do {
                _ = try await Child.parse(path)
            } catch {
                try keep(damaged, shape, seed)
                Issue.record("\(Self.shapes[shape].name), seed \(seed): \(error)")
            }
        }
    }

    /// Where somebody can look at it.
    private func keep(_ bytes: [UInt8], _ shape: Int, _ seed: Int) throws {
        let folder = URL(filePath: Child.program).deletingLastPathComponent().path + "/fuzz-media"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(seed)-\(Self.shapes[shape].name)"))
    }

    /// Length fields that promise gigabytes, where the parser would believe them: the child keeps its 256 MB.
    @Test func `Bombs in length fields are refused or read within the child's limits`() async throws {
        let folder = try TemporaryFolder()
        for shape in Self.shapes.indices {
            let whole = try await whole(shape, in: folder)
            for bomb in Damage.bombs(whole) { _ = try await Child.parse(folder.file("bomb", bomb)) }
        }
    }

    @Test func `A cover of 240 MB and a tag of 200 MB cost no more than the child's memory`() async throws {
        let folder = try TemporaryFolder()
        let music = try await whole(0, in: folder)
        for (name, length) in [("APIC", 240 << 20), ("TIT2", 200 << 20)] {
            let head = Array(name.utf8) + ID3.synchsafe(length) + [0, 0] + [3] + Array("image/png".utf8) + [0, 3, 0]
            let path = try folder.file(
                "\(name).mp3", Array("ID3".utf8) + [4, 0, 0] + ID3.synchsafe(length + 10) + head)
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.truncate(atOffset: UInt64(10 + 10 + length))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(music))
            try handle.close()
            _ = try await Child.parse(path)
        }
    }
}

/// What breaks a file.
enum Damage {
    /// Flips, overwrites, removes and inserts, more often where the headers are; sometimes cut off, sometimes with a
    /// part of another file in it.
    static func some(_ whole: [UInt8], _ other: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = whole
        for _ in 0..<(1 << Int.random(in: 0..<7, using: &generator)) where bytes.count > 600 {
            let reach = [64, 2000, bytes.count - 300].randomElement(using: &generator) ?? 64
            let index = Int.random(in: 0..<min(reach, bytes.count - 300), using: &generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.replaceSubrange(index..<(index + 4), with: lengths.randomElement(using: &generator) ?? [])
            case 3: bytes.removeSubrange(index..<(index + Int.random(in: 1..<300, using: &generator)))
            case 4:
                let start = Int.random(in: 0..<max(1, other.count - 300), using: &generator)
                bytes.replaceSubrange(index..<(index + 200), with: other[start..<min(other.count, start + 200)])
            case 5: bytes = Array(bytes[..<index]) + other.dropFirst(min(index, other.count))
            default: bytes.insert(contentsOf: bytes[index..<(index + 200)].reversed(), at: index)
            }
        }
        return Bool.random(using: &generator)
            ? bytes : Array(bytes.prefix(Int.random(in: 1...max(1, bytes.count), using: &generator)))
    }

    private static let lengths: [[UInt8]] = [
        [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0x80, 0, 0, 0], [0x7F, 0x7F, 0x7F, 0x7F],
        [0, 0, 0, 1], [0xFF, 0xFF, 0xFF, 0x7F], [0x10, 0, 0, 0], [0, 0, 0, 0x10],
    ]

    /// A giant number in place of each of the first fields, one at a time.
    static func bombs(_ whole: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: min(160, whole.count - 8), by: 4).map { place in
            var bytes = whole
            bytes.replaceSubrange(place..<(place + 4), with: lengths[place / 4 % lengths.count])
            return bytes
        }
    }
}
