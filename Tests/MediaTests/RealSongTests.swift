import Foundation
import Model
import Testing
import TestTools

/// Every real song, through the child, against what ffprobe says of it.
@Suite struct RealSongTests {
    private struct Probe: Decodable {
        struct Stream: Decodable {
            var codec_type: String
            var sample_rate: String?
            var channels: Int?
            var duration: String?
            var start_time: String?
            var nb_read_packets: String?
            var tags: [String: String]?
        }
        struct Format: Decodable {
            var tags: [String: String]?
        }
        var streams: [Stream]
        var format: Format
    }

    private func probe(_ path: String) async throws -> Probe {
        let run = try await Program.run(
            ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-count_packets", "-of", "json", path])
        try #require(run.status == 0, "ffprobe: \(run.errors). Install it: sudo apt-get install ffmpeg")
        return try JSONDecoder().decode(Probe.self, from: run.output)
    }

    @Test func `Every song has the tags that ffprobe shows`() async throws {
        for path in try Music.all() {
            let tags = try await Child.song(path).description.tags
            let probe = try await probe(path)
            var shown: [String: String] = [:]
            for stream in probe.streams where stream.codec_type == "audio" {
                for (name, value) in stream.tags ?? [:] { shown[name.lowercased()] = value }
            }
            for (name, value) in probe.format.tags ?? [:] { shown[name.lowercased()] = value }
            #expect(tags.title == shown["title"], "\(path)")
            #expect(tags.artist == shown["artist"], "\(path)")
            #expect(tags.album == shown["album"], "\(path)")
            #expect(tags.genre == shown["genre"], "\(path)")
            #expect(tags.year == shown["date"].flatMap { Int($0.prefix(4)) }, "\(path)")
            #expect(tags.track == shown["track"].flatMap { Int($0.prefix { $0 != "/" }) }, "\(path)")
        }
    }

    @Test func `Every song is as long as ffprobe says, to a frame`() async throws {
        for path in try Music.all() {
            let song = try await Child.song(path).description
            let stream = try #require(try await probe(path).streams.first { $0.codec_type == "audio" })
            #expect(song.sampleRate == Int(stream.sample_rate ?? "") && song.channels == stream.channels, "\(path)")
            if song.container == "adts" {
                // Of a bare stream ffprobe guesses the duration from the bit rate, but counts the frames right.
                #expect(song.totalSamples == Int64(stream.nb_read_packets ?? "").map { $0 * 1024 })
            } else {
                let start = Double(stream.start_time ?? "") ?? 0
                let shown = try #require(Double(stream.duration ?? "")) - start
                let frame = 1152 * 1000 / Double(song.sampleRate)
                #expect(abs(shown * 1000 - Double(song.durationMs)) <= frame + 1, "\(path) \(shown) \(song.durationMs)")
            }
        }
    }

    @Test func `The same recording has the same samples in every lossless format`() async throws {
        let lengths = try await ["song.flac", "song-alac.m4a", "song.wav", "song.mp3"].each {
            try await Child.song(Music.song("formats/" + $0)).description.totalSamples
        }
        #expect(Set(lengths).count == 1, "\(lengths)")
        let bits = try await ["song.flac", "song-alac.m4a", "song.wav", "song.mp3"].each {
            try await Child.song(Music.song("formats/" + $0)).description.bitsPerSample
        }
        #expect(bits == [24, 24, 16, 0])
    }

    @Test func `Chunks begin at or soon after every ten seconds`() async throws {
        for path in try Music.all() {
            let cuts = try await Child.song(path).description.cuts.filter { $0.kind == .audio }
            for (index, cut) in cuts.enumerated() {
                // A page of Ogg may last a second, and one that begins within a packet is waited out for another.
                let late: Int64 = path.hasSuffix(".ogg") || path.hasSuffix(".opus") ? 2000 : 100
                #expect((0..<late).contains(cut.startMs - Int64(index) * 10_000), "\(path) \(cut)")
            }
        }
    }

    @Test func `Every audio chunk begins with a frame or a page`() async throws {
        let marks: [String: [UInt8]] = [
            "mp3": [0xFF, 0xFB], "adts": [0xFF, 0xF1], "flac": [0xFF, 0xF8], "ogg": Array("OggS".utf8),
        ]
        for path in try Music.all() {
            let song = try await Child.song(path).description
            guard let mark = marks[song.container] else { continue }
            let bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
            for cut in song.cuts where cut.kind == .audio {
                #expect(bytes[Int(cut.offset)...].starts(with: mark), "\(path) \(cut)")
            }
        }
    }

    @Test func `The packet list has every packet and every sample`() async throws {
        for path in try Music.all() {
            let song = try await Child.song(path)
            let packets = try PacketList.decode(song.packets)
            let stream = try #require(try await probe(path).streams.first { $0.codec_type == "audio" })
            let samples = packets.reduce(0) { $0 + Int64($1.samples) } - song.description.skipSamples
            let padding = samples - song.description.totalSamples
            #expect((0..<2304).contains(padding), "\(path) \(padding)")
            guard song.description.container != "ogg" else { continue }
            #expect(packets.count == Int(stream.nb_read_packets ?? ""), "\(path)")
            let audio = song.description.cuts.filter { $0.kind == .audio }.reduce(0) { $0 + $1.length }
            #expect(packets.reduce(0) { $0 + $1.gap + $1.length } == audio, "\(path)")
        }
    }

    @Test(arguments: ["formats/song.mp3", "formats/song.flac", "formats/song-aac.m4a"])
    func `The cover is the picture in the file`(_ name: String) async throws {
        let path = try Music.song(name)
        let song = try await Child.song(path)
        let picture = try await Program.run(
            ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", "image2pipe", "-"])
        #expect(song.description.coverContentType == "image/jpeg")
        #expect(song.cover == Array(picture.output) && !song.cover.isEmpty)
    }

    @Test func `Types are those of the web`() async throws {
        let types = try await Music.formats.each { try await Child.song(Music.song($0)).description.contentType }
        #expect(
            types == ["audio/mpeg", "audio/flac", "audio/mp4", "audio/mp4", "audio/ogg", "audio/wav", "audio/aac"])
    }
}
