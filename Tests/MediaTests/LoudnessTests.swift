import Foundation
import Media
import Testing
import TestTools

/// How loud songs are, as the child tells it.
@Suite struct LoudnessTests {
    private func measured(_ path: String) async throws -> String {
        let run = try await Program.run([Child.program, "--loudness"], descriptor3: path)
        #expect(run.status == 0, "\(run.errors)")
        return String(decoding: run.output, as: UTF8.self)
    }

    /// What ffmpeg's own meter says, in LUFS.
    private func expected(_ path: String) async throws -> Double {
        let run = try await Program.run([
            "ffmpeg", "-nostdin", "-hide_banner", "-i", path, "-map", "0:a", "-af", "ebur128=framelog=verbose", "-f",
            "null", "-",
        ])
        try #require(run.status == 0, "\(run.errors). Install it: sudo apt-get install ffmpeg")
        let line = try #require(run.errors.components(separatedBy: "\n").last { $0.contains("I:") })
        return try #require(Double(line.filter { $0.isNumber || $0 == "." || $0 == "-" }), "\(line)")
    }

    @Test(arguments: ["song.flac", "song.mp3", "song-aac.m4a", "song.opus", "song.wav", "song-alac.m4a"])
    func `A song is as loud as ffmpeg's meter says`(name: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = try await Music.made(
            ["-map", "0:a", "-t", "15", "-c", "copy"], as: name, in: folder, of: try Music.song("formats/" + name))
        let answer = try await measured(path)
        let hundredths = try #require(Double(answer.dropLast()), "\(answer)")
        #expect(abs(hundredths / 100 - (try await expected(path))) <= 0.15, "\(name): \(answer)")
    }

    @Test func `Silence has no loudness, and what is no music is refused`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let silence = try await Music.made(
            ["-map", "0:a", "-t", "3", "-af", "volume=0"], as: "silence.wav", in: folder)
        #expect(try await measured(silence) == "silence\n")
        let text = try folder.file("text.mp3", Array("no music at all, but a text that is long enough".utf8))
        let run = try await Program.run([Child.program, "--loudness"], descriptor3: text)
        #expect(run.status == 1 && run.output.isEmpty && run.errors.hasPrefix("rondo-media: "))
    }
}
