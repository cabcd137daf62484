import Foundation
import Media
import Model
import Testing
import TestTools

/// Songs as FLAC, as the child writes them for players that cannot have the originals in segments.
@Suite struct RenditionTests {
    private func render(_ path: String) async throws -> Program.Run {
        try await Program.run([Child.program, "--rendition", "flac"], descriptor3: path)
    }

    private func decoded(_ path: String, as format: String) async throws -> String {
        let run = try await Program.run([
            "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c:a", format, "-f", "md5", "-",
        ])
        try #require(run.status == 0 && run.errors.isEmpty, "\(run.errors). Install it: sudo apt-get install ffmpeg")
        return String(decoding: run.output, as: UTF8.self)
    }

    /// What ffmpeg makes of the first seconds of a song: its codec, its file, and the widest samples that are exact.
    private static let songs: [(arguments: [String], name: String, exact: String)] = [
        (["-c:a", "pcm_s16le"], "narrow.wav", "pcm_s32le"), (["-c:a", "pcm_s24le"], "wide.wav", "pcm_s32le"),
        (["-c:a", "pcm_u8"], "old.wav", "pcm_s32le"), (["-c:a", "pcm_s32le", "-ac", "1"], "mono.wav", "pcm_s24le"),
        (["-c:a", "alac", "-sample_fmt", "s16p"], "narrow.m4a", "pcm_s32le"),
        (["-c:a", "alac", "-sample_fmt", "s32p"], "wide.m4a", "pcm_s32le"),
        (["-c:a", "libvorbis"], "song.ogg", "pcm_s16le"),
        (["-c:a", "pcm_s16le", "-ac", "6", "-ar", "96000"], "many.wav", "pcm_s32le"),
    ]

    @Test func `A rendition loses nothing that a decoder gives, and is a song that would be taken`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        for (arguments, name, exact) in Self.songs {
            let path = try await Music.made(["-map", "0:a", "-t", "12"] + arguments, as: name, in: folder)
            let run = try await render(path)
            #expect(run.status == 0, "\(name): \(run.errors)")
            let file = try folder.file(name + ".flac", Array(run.output))
            #expect(try await decoded(file, as: exact) == decoded(path, as: exact), "\(name)")
            let (original, song) = (try await Child.song(path).description, try await Child.song(file).description)
            #expect(song.codec == "flac" && song.sampleRate == original.sampleRate, "\(name)")
            #expect(song.channels == original.channels && song.totalSamples == original.totalSamples, "\(name)")
        }
    }

    @Test func `The same song gives the same bytes each time`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = try await Music.made(["-map", "0:a", "-t", "5", "-c:a", "libvorbis"], as: "song.ogg", in: folder)
        let (first, second) = (try await render(path), try await render(path))
        #expect(first.status == 0 && first.output == second.output && first.output.count > 100_000)
    }

    @Test func `A damaged song is rendered or refused, and never crashes the child`() async throws {
        var generator = SeededGenerator(seed: 5)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        for (arguments, name) in [(["-c:a", "alac"], "song.m4a"), (["-c:a", "libvorbis"], "song.ogg")] {
            let path = try await Music.made(["-map", "0:a", "-t", "2"] + arguments, as: name, in: folder)
            let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
            for round in 0..<20 {
                var bytes = whole
                for _ in 0..<30 {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                }
                let run = try await render(try folder.file("damaged-" + name, bytes))
                #expect(!run.wasKilled && run.status <= 1, "\(name) \(round): \(run.status) \(run.errors)")
            }
        }
        #expect(try await render(try folder.file("empty", [])).status == 1)
    }
}
