import Foundation
import Media
import Model
import Testing
import TestTools

/// Very short and very long songs, and several songs in one file.
@Suite struct LengthTests {
    private static let shapes: [(arguments: [String], name: String)] = [
        (["-c:a", "libmp3lame", "-b:a", "32k"], "a.mp3"),
        (["-c:a", "libmp3lame", "-q:a", "7", "-write_xing", "0"], "b.mp3"),
        (["-c:a", "flac"], "a.flac"), (["-c:a", "aac", "-b:a", "32k"], "a.m4a"),
        (["-c:a", "aac", "-b:a", "32k", "-movflags", "faststart"], "front.m4a"), (["-c:a", "alac"], "alac.m4a"),
        (["-c:a", "libopus", "-b:a", "24k"], "a.opus"), (["-c:a", "libvorbis", "-q:a", "0"], "a.ogg"),
        (["-c:a", "pcm_s16le"], "a.wav"), (["-c:a", "pcm_s16be"], "a.aiff"), (["-c:a", "aac", "-f", "adts"], "a.aac"),
    ]

    @Test(arguments: 0..<11) func `Three seconds of every format are one chunk`(shape: Int) async throws {
        let (arguments, name) = Self.shapes[shape]
        let folder = try TemporaryFolder()
        let path = try await Music.made(["-t", "3", "-map", "0:a"] + arguments, as: name, in: folder)
        let song = try await Child.song(path).description
        #expect(abs(song.durationMs - 3_000) < 150, "\(song.durationMs)")
        #expect(song.cuts.filter { $0.kind == .audio }.count == 1)
    }

    /// Three hours of the same minute: what is copied takes seconds where encoding took minutes.
    @Test(arguments: 0..<11) func `Three hours of every format are cut every ten seconds`(shape: Int) async throws {
        let (arguments, name) = Self.shapes[shape]
        let folder = try TemporaryFolder()
        let minute = try await Music.made(
            ["-t", "60", "-map", "0:a", "-ar", "8000", "-ac", "1"] + arguments, as: "minute-" + name, in: folder)
        let path = folder.path + "/" + name
        let format = name.hasSuffix("aac") ? ["-f", "adts"] : name.hasPrefix("b.") ? ["-write_xing", "0"] : []
        let run = try await Program.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "179", "-i", minute, "-c", "copy"]
                + format + (name.hasPrefix("front") ? ["-movflags", "faststart"] : []) + ["file:" + path])
        try #require(run.status == 0, "\(run.errors)")
        let song = try await Child.song(path).description
        #expect(abs(song.durationMs - 10_800_000) < 60_000, "\(name) \(song.durationMs)")
        let audio = song.cuts.filter { $0.kind == .audio }
        #expect((1_060...1_100).contains(audio.count), "\(name) \(audio.count)")
    }

    @Test(arguments: [(["-c:a", "libvorbis"], "a.ogg"), (["-c:a", "libopus"], "a.opus")])
    func `A chained Ogg file is one song of all its links`(_ arguments: [String], _ name: String) async throws {
        let folder = try TemporaryFolder()
        var lengths: [Int64] = []
        var chained: [UInt8] = []
        for (index, start) in ["0", "20", "50"].enumerated() {
            let path = try await Music.made(
                ["-ss", start, "-t", "\(12 + index)", "-map", "0:a", "-metadata", "title=Link \(index)"] + arguments,
                as: "\(index)-\(name)", in: folder)
            lengths.append(try await Child.song(path).description.totalSamples)
            chained += try Array(Data(contentsOf: URL(filePath: path)))
        }
        let song = try await Child.song(folder.file(name, chained)).description
        #expect(abs(song.totalSamples - lengths.reduce(0, +)) <= 2_000, "\(song.totalSamples) \(lengths)")
        #expect(song.tags.title == "Link 0")
        #expect(song.cuts.filter { $0.kind == .audio }.map(\.startMs).allSatisfy { $0 % 10_000 < 2_000 })
    }

    @Test func `A chain of links that no one decoder plays is unsupported`() async throws {
        let folder = try TemporaryFolder()
        let shapes = [["-c:a", "libvorbis"], ["-c:a", "libopus"], ["-c:a", "libvorbis", "-ar", "22050"]]
        let links = try await shapes.each { arguments in
            let path = try await Music.made(
                ["-t", "2", "-map", "0:a"] + arguments, as: "\(arguments.count)\(arguments[1]).ogg", in: folder)
            return try Array(Data(contentsOf: URL(filePath: path)))
        }
        for (first, second) in [(0, 1), (1, 0), (0, 2)] {
            let answer = try await Child.parse(folder.file("chain.ogg", links[first] + links[second]))
            #expect(answer.refusal?.code == "unsupported_format")
        }
        let cut = links[0] + links[0].dropLast(2_000)
        #expect(try await Child.parse(folder.file("cut.ogg", cut)).refusal?.code == "truncated")
    }
}
