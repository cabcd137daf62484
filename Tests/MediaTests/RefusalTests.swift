import Foundation
import Media
import Model
import Testing
import TestTools

/// What is no whole song of a known format is refused with the right code, and never crashes the child.
@Suite struct RefusalTests {
    private func code(_ bytes: [UInt8], as name: String = "song.mp3") async throws -> String? {
        let folder = try TemporaryFolder()
        return try await Child.parse(folder.file(name, bytes)).refusal?.code
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: Music.song(name))))
    }

    @Test func `An empty file is empty`() async throws {
        #expect(try await code([]) == "empty")
    }

    @Test func `Text named mp3 is no audio, even with a frame's sync in it`() async throws {
        let text = Array(String(repeating: "All work and no play makes Jack a dull boy.\n", count: 2000).utf8)
        #expect(try await code(text) == "not_audio")
        #expect(try await code(Array(text[..<5000]) + [0xFF, 0xFB, 0x90, 0x00] + text) == "not_audio")
        let startsLikeFrame = try await code([0xFF, 0xFB, 0x90, 0x00] + text)
        #expect(["not_audio", "truncated"].contains(startsLikeFrame))
        #expect(try await code(Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 9] + text) == "not_audio")
    }

    @Test func `Random bytes are no audio`() async throws {
        for seed in 0..<20 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let noise = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(try await code(noise) == "not_audio", "\(seed)")
        }
    }

    @Test(arguments: Music.formats)
    func `A song that is cut off is truncated`(_ name: String) async throws {
        let whole = try bytes(name)
        for length in [whole.count - 1, whole.count / 2 + 1, whole.count / 3 + 1, 100] {
            let code = try await code(
                Array(whole[..<length]), as: name.split(separator: "/").last.map(String.init) ?? name)
            #expect(code == "truncated", "\(name) \(length)")
        }
    }

    @Test func `An MP3 cut between two frames is told by the number of frames that it promises`() async throws {
        let path = try Music.song("formats/song.mp3")
        let cut = try #require(try await Child.song(path).description.cuts.last { $0.kind == .audio })
        #expect(try await code(Array(bytes("formats/song.mp3")[..<Int(cut.offset)])) == "truncated")
    }

    @Test func `An Ogg song that loses its last page is truncated`() async throws {
        let whole = try bytes("singularity-music/Nebula.ogg")
        #expect(try await code(Array(whole[..<(whole.count - 1)]), as: "a.ogg") == "truncated")
        let last = try #require(whole.indices.dropLast(4).last { whole[$0...].starts(with: "OggS".utf8) })
        #expect(try await code(Array(whole[..<last]), as: "a.ogg") == "truncated")
    }

    @Test(arguments: [
        (["-c:a", "pcm_mulaw", "-f", "aiff"], "a.aiff", "unsupported_format"),
        (["-c:a", "mp2", "-f", "mp2"], "a.mp2", "not_audio"),
        (["-c:a", "flac", "-f", "ogg"], "flac.ogg", "unsupported_format"),
        (["-c:a", "adpcm_ms"], "a.wav", "unsupported_format"),
        (["-c:a", "libmp3lame", "-f", "mp4"], "a.m4a", "unsupported_format"),
        (["-f", "matroska"], "a.mka", "unsupported_format"),
    ])
    func `Audio of other formats is unsupported`(_ arguments: [String], _ name: String, _ code: String) async throws {
        let folder = try TemporaryFolder()
        let file = try await Music.made(["-t", "2", "-map", "0:a"] + arguments, as: name, in: folder)
        #expect(try await Child.parse(file).refusal?.code == code)
    }

    @Test func `Films and pictures are not songs`() async throws {
        let folder = try TemporaryFolder()
        let film = ["-f", "lavfi", "-i", "testsrc=d=1", "-t", "1", "-map", "1:v"]
        let withSound = try await Music.made(film + ["-map", "0:a", "-c:a", "aac"], as: "film.mp4", in: folder)
        let silent = try await Music.made(film, as: "silent.mp4", in: folder)
        let picture = try await Music.made(film + ["-frames:v", "1"], as: "a.png", in: folder)
        #expect(try await Child.parse(withSound).refusal?.code == "unsupported_format")
        #expect(try await Child.parse(silent).refusal?.code == "not_audio")
        #expect(try await Child.parse(picture).refusal?.code == "not_audio")
    }

    @Test func `A recording of more than a day is too long`() async throws {
        // 8 kHz, one channel, 8 bits: 25 hours are 720 MB of zeros, which a sparse file need not have.
        let folder = try TemporaryFolder()
        let length: UInt32 = 25 * 3600 * 8000
        func number(_ value: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
        let format = number(1, 2) + number(1, 2) + number(8000, 4) + number(8000, 4) + number(1, 2) + number(8, 2)
        let head =
            Array("RIFF".utf8) + number(length + 36, 4) + Array("WAVEfmt ".utf8) + number(16, 4) + format
            + Array("data".utf8) + number(length, 4)
        let path = try folder.file("long.wav", head)
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: UInt64(head.count) + UInt64(length))
        try handle.close()
        #expect(try await Child.parse(path).refusal?.code == "too_long")
    }

    @Test func `Without an upload the child says so and fails`() async throws {
        let run = try await Program.run([Child.program, "song.mp3"])
        #expect(run.status == 1 && run.output.isEmpty && run.errors.contains("file descriptor 3"))
    }
}
