import Foundation
import Model
import Segments
import Testing
import TestTools

/// Real songs in segments, against what ffprobe and ffmpeg read of the originals.
@Suite struct RealSegmentTests {
    /// All whose packets a fragmented file can hold, each with the filter that takes its container's headers off.
    private static let formats: [(song: String, filter: String)] = [
        ("song.mp3", "null"), ("song.flac", "null"), ("song-aac.m4a", "null"), ("song.opus", "null"),
        ("song.aac", "aac_adtstoasc"),
    ]

    private func segments(_ path: String) async throws -> SongSegments {
        let song = try await Child.song(path)
        return try SongSegments(try manifest(song.description), packets: song.packets)
    }

    private func manifest(_ song: MediaDescription) throws -> Manifest {
        let hash = try #require(ContentHash(bytes: Array(repeating: 0, count: 32)))
        return Manifest(
            sha256: hash, bytes: song.bytes, container: song.container, codec: song.codec,
            contentType: song.contentType, sampleRate: song.sampleRate, channels: song.channels,
            bitsPerSample: song.bitsPerSample, skipSamples: song.skipSamples, totalSamples: song.totalSamples,
            durationMs: song.durationMs, codecConfig: song.codecConfig, cover: nil, packets: nil,
            chunks: song.cuts.map {
                ManifestChunk(
                    kind: $0.kind, startMs: $0.startMs, startSample: $0.startSample, samples: $0.samples,
                    offset: $0.offset, length: $0.length, sha256: hash, crc32c: [])
            })
    }

    /// Writes the segments behind `init.mp4` into one file, and each into one of its own beside the playlist.
    private func write(_ song: SongSegments, of path: String, to folder: TemporaryFolder) throws -> String {
        let original = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        var file = Data(song.initSegment)
        try file.write(to: URL(filePath: folder.path + "/init.mp4"))
        try Data(song.playlist).write(to: URL(filePath: folder.path + "/hls.m3u8"))
        try FileManager.default.createDirectory(atPath: folder.path + "/seg", withIntermediateDirectories: true)
        for index in 0..<song.count {
            let segment = try song[index]
            var bytes = Data(segment.head)
            for piece in segment.pieces { bytes += original[Int(piece.lowerBound)..<Int(piece.upperBound)] }
            try bytes.write(to: URL(filePath: folder.path + "/seg/\(index).m4s"))
            file += bytes
        }
        try file.write(to: URL(filePath: folder.path + "/song.mp4"))
        return folder.path + "/song.mp4"
    }

    private func run(_ arguments: [String]) async throws -> [String] {
        let run = try await Program.run(arguments)
        try #require(run.status == 0, "\(arguments): \(run.errors). Install it: sudo apt-get install ffmpeg")
        #expect(run.errors.isEmpty, "\(arguments): \(run.errors)")
        return String(decoding: run.output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Length and hash of every packet of the audio, as libav takes it out of its container.
    private func packets(_ path: String, filter: String = "null") async throws -> [String] {
        let lines = try await run([
            "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-bsf:a", filter, "-f",
            "framehash", "-",
        ])
        // Stream, two times, duration, length, hash, and what else the container says of a packet.
        return lines.filter { !$0.hasPrefix("#") }.map { line in
            line.split(separator: ",").dropFirst(4).prefix(2).joined(separator: ",")
        }
    }

    @Test func `Every packet is the one that libav finds in the original`() async throws {
        for (name, filter) in Self.formats {
            let path = try Music.song("formats/" + name)
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let file = try write(try await segments(path), of: path, to: folder)
            let (ours, theirs) = (try await packets(file), try await packets(path, filter: filter))
            #expect(ours.count == theirs.count && ours == theirs, "\(path): \(ours.count) of \(theirs.count)")
        }
    }

    @Test func `Decoded, a lossless song's segments are the decoded original`() async throws {
        let path = try Music.song("formats/song.flac")
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        _ = try write(try await segments(path), of: path, to: folder)
        #expect(try await decoded(folder.path + "/hls.m3u8") == decoded(path))
    }

    private func decoded(_ input: String) async throws -> [String] {
        try await run([
            "ffmpeg", "-nostdin", "-v", "error", "-i", input, "-map", "0:a", "-c:a", "pcm_s32le", "-f", "md5", "-",
        ])
    }

    @Test func `Every segment begins where the playlist says, within a packet`() async throws {
        for (name, _) in Self.formats {
            let song = try await segments(Music.song("formats/" + name))
            let rate = Double(song.manifest.sampleRate)
            var start = 0.0
            let lines = String(decoding: song.playlist, as: UTF8.self).split(separator: "\n")
            let lengths = lines.compactMap { $0.wholeMatch(of: #/#EXTINF:([\d.]+),/#).flatMap { Double($0.1) } }
            #expect(lengths.count == song.count, "\(name)")
            for (index, length) in lengths.enumerated() {
                let head = try song[index].head
                let mark = try #require(head.indices.first { head[$0...].starts(with: "tfdt".utf8) })
                let time = head[(mark + 8)..<(mark + 16)].reduce(Int64(0)) { $0 << 8 | Int64($1) }
                let begins = Double(max(0, time - song.manifest.skipSamples)) / rate
                #expect(abs(begins - start) < 1152 / rate, "\(name) \(index): \(begins) for \(start)")
                start += length
            }
            #expect(abs(start - Double(song.manifest.totalSamples) / rate) < 0.000_01, "\(name) \(start)")
        }
    }

    @Test func `ffprobe sees the codec, the rate and the length`() async throws {
        let codecs = ["mp3", "flac", "aac", "opus", "aac"]
        for ((name, _), codec) in zip(Self.formats, codecs) {
            let path = try Music.song("formats/" + name)
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let song = try await segments(path)
            let file = try write(song, of: path, to: folder)
            let lines = try await run([
                "ffprobe", "-v", "error", "-count_packets", "-show_entries",
                "stream=codec_name,sample_rate,channels,duration", "-of", "default=nw=1", file,
            ])
            #expect(lines.contains("codec_name=\(codec)"), "\(name) \(lines)")
            #expect(lines.contains("sample_rate=\(song.manifest.sampleRate)"), "\(name) \(lines)")
            #expect(lines.contains("channels=\(song.manifest.channels)"), "\(name) \(lines)")
            let shown = lines.compactMap { $0.wholeMatch(of: #/duration=([\d.]+)/#).flatMap { Double($0.1) } }.first
            let length = Double(song.manifest.totalSamples) / Double(song.manifest.sampleRate)
            #expect(abs((shown ?? 0) - length) < 0.1, "\(name) \(lines) \(length)")
        }
    }

    @Test func `A seek lands within one packet of where it was to go`() async throws {
        for (name, _) in Self.formats {
            let path = try Music.song("formats/" + name)
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let song = try await segments(path)
            let file = try write(song, of: path, to: folder)
            let longest = try PacketList.decode(try await Child.song(path).packets).map(\.samples).max() ?? 0
            // ffprobe does not count what is skipped at the start.
            let packet = Double(longest + Int(song.manifest.skipSamples)) / Double(song.manifest.sampleRate)
            for target in [0.5, 9.99, 10.01, 61.7, 118.0] {
                let lines = try await run([
                    "ffprobe", "-v", "error", "-read_intervals", "\(target)%+#1", "-show_entries", "packet=pts_time",
                    "-of", "csv=p=0", file,
                ])
                let landed = try #require(lines.first.flatMap { Double($0) }, "\(name) \(lines)")
                #expect(abs(landed - target) <= packet, "\(name): \(target) landed at \(landed)")
            }
        }
    }
}
