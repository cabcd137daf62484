import Foundation
import Media
import Model
import Testing
import TestTools

/// Formats in the shapes that other programs give them.
@Suite struct FormatTests {
    private func made(_ arguments: [String], as name: String) async throws -> Child.Song {
        let folder = try TemporaryFolder()
        return try await Child.song(Music.made(["-t", "21"] + arguments, as: name, in: folder))
    }

    private let audio = ["-map", "0:a"]

    @Test(arguments: [
        (["-c:a", "libmp3lame", "-q:a", "2"], "vbr.mp3", "mp3"),
        (["-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000", "-ac", "1"], "low.mp3", "mp3"),
        (["-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"], "bare.mp3", "mp3"),
        (["-c:a", "libmp3lame", "-write_id3v1", "1"], "v1.mp3", "mp3"),
        (["-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0"], "vbr-bare.mp3", "mp3"),
        (["-c:a", "alac", "-movflags", "faststart"], "alac-front.m4a", "alac"),
        (["-c:a", "flac", "-ar", "96000", "-sample_fmt", "s32"], "high.flac", "flac"),
        (["-c:a", "flac", "-ac", "6"], "six.flac", "flac"),
        (["-c:a", "aac", "-movflags", "faststart"], "front.m4a", "aac"),
        (["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "2000000"], "parts.m4a", "aac"),
        (["-c:a", "libopus", "-ac", "1", "-b:a", "24k"], "mono.opus", "opus"),
        (["-c:a", "libvorbis", "-ar", "22050", "-q:a", "0"], "low.ogg", "vorbis"),
        (["-c:a", "pcm_u8", "-ar", "11025", "-ac", "1"], "old.wav", "pcm"),
        (["-c:a", "pcm_f32le"], "float.wav", "pcm"), (["-c:a", "pcm_s24le", "-ac", "6"], "six.wav", "pcm"),
        (["-c:a", "pcm_s16be"], "plain.aiff", "pcm"),
        (["-c:a", "pcm_s24be", "-write_id3v2", "1"], "tagged.aiff", "pcm"),
        (["-c:a", "pcm_f32be"], "float.aiff", "pcm"), (["-c:a", "pcm_s16le", "-f", "aiff"], "swapped.aifc", "pcm"),
        (["-c:a", "pcm_s8", "-ar", "8000", "-ac", "1"], "small.aiff", "pcm"),
        (["-c:a", "aac", "-ac", "1", "-f", "adts"], "mono.aac", "aac"),
    ])
    func `Every shape of a format is read`(_ arguments: [String], _ name: String, _ codec: String) async throws {
        let song = try await made(audio + arguments, as: name).description
        #expect(song.codec == codec)
        #expect(abs(song.durationMs - 21_000) < 150, "\(song.durationMs)")
        #expect(song.cuts.filter { $0.kind == .audio }.count >= 3)
    }

    @Test func `New tags leave the audio chunks as they were`() async throws {
        for name in ["song.mp3", "song.flac"] {
            let path = try Music.song("formats/" + name)
            let folder = try TemporaryFolder()
            let copy = try await Music.made(
                ["-map", "0:a", "-c", "copy", "-metadata", "title=" + String(repeating: "Another title ", count: 40)],
                as: name, in: folder, of: path)
            let chunks = try await [path, copy].each { path in
                let bytes = try Data(contentsOf: URL(filePath: path))
                return try await Child.song(path).description.cuts.filter { $0.kind == .audio }.map {
                    bytes[Int($0.offset)..<(Int($0.offset) + $0.length)]
                }
            }
            #expect(chunks[0] == chunks[1], "\(name)")
        }
    }

    @Test func `A head longer than a chunk may be is several`() async throws {
        let folder = try TemporaryFolder()
        let padding = 9 << 20
        let tag = Array("ID3".utf8) + [4, 0, 0] + ID3.synchsafe(padding) + Array(repeating: 0, count: padding)
        let bare = try Data(contentsOf: URL(filePath: Music.song("formats/song.mp3")))
        let song = try await Child.song(folder.file("a.mp3", tag + Array(bare))).description
        #expect(song.cuts.filter { $0.kind == .head }.map(\.length).prefix(2) == [4 << 20, 4 << 20])
        #expect(song.cuts.filter { $0.kind == .head }.count == 3)
    }

    @Test func `A cover longer than a chunk may be stays in the original alone`() async throws {
        let folder = try TemporaryFolder()
        let path = try Music.song("formats/song.mp3")
        let start = try #require(try await Child.song(path).description.cuts.first { $0.kind == .audio }).offset
        let bare = try Data(contentsOf: URL(filePath: path)).dropFirst(Int(start))
        for (length, isKept) in [(4 << 20, true), ((4 << 20) + 1, false)] {
            let picture = [0xFF, 0xD8, 0xFF] + Array(repeating: UInt8(7), count: length - 3)
            let frame = [0] + Array("image/jpeg".utf8) + [0, 3, 0] + picture
            let body = Array("APIC".utf8) + ID3.synchsafe(frame.count) + [0, 0] + frame
            let tag = Array("ID3".utf8) + [4, 0, 0] + ID3.synchsafe(body.count) + body
            let song = try await Child.song(folder.file("\(isKept).mp3", tag + Array(bare)))
            #expect(song.cover == (isKept ? picture : []))
            #expect(song.description.coverContentType == (isKept ? "image/jpeg" : nil))
        }
    }

    @Test func `Chunks of dense audio stay within four mebibytes and lose no sample`() async throws {
        let song = try await made(audio + ["-c:a", "pcm_f32le", "-ar", "96000", "-ac", "6"], as: "dense.wav")
            .description
        let audio = song.cuts.filter { $0.kind == .audio }
        #expect(audio.count > 10 && audio.dropLast().allSatisfy { $0.length > 4_000_000 })
    }

    @Test func `Tags are taken from where each format keeps them`() async throws {
        let tags = [
            "-metadata", "title= Ünïcödé ☃ ", "-metadata", "artist=", "-metadata", "album_artist=Various",
            "-metadata", "date=1999-01-02", "-metadata", "track=3/12", "-metadata", "genre=Jazz", "-metadata",
            "album=A",
        ]
        for (codec, name) in [
            ("libmp3lame", "a.mp3"), ("flac", "a.flac"), ("libvorbis", "a.ogg"), ("libopus", "a.opus"),
            ("aac", "a.m4a"), ("pcm_s16be", "a.aiff"),
        ] {
            let found = try await made(
                ["-map", "0:a", "-map_metadata", "-1", "-c:a", codec]
                    + (name == "a.aiff" ? ["-write_id3v2", "1"] : []) + tags, as: name
            )
            .description
            .tags
            let expected = SongTags(
                title: "Ünïcödé ☃", artist: "Various", album: "A", genre: "Jazz", year: 1999, track: 3)
            #expect(found == expected, "\(name)")
        }
    }

    @Test func `A Vorbis cover is found, and stays out of the codec's configuration`() async throws {
        let folder = try TemporaryFolder()
        let plain = try Music.song("singularity-music/Nebula.ogg")
        let picture: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + (0..<100_000).map { UInt8($0 & 255) }
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
        let block =
            number(3) + number(9) + Array("image/png".utf8) + number(0) + number(300) + number(300) + number(24)
            + number(0) + number(picture.count) + picture
        let metadata =
            ";FFMETADATA1\nMETADATA_BLOCK_PICTURE=" + Data(block).base64EncodedString().replacing("=", with: "\\=")
        let tags = try folder.file("tags.txt", Array((metadata + "\n").utf8))
        let path = try await Music.made(
            ["-i", tags, "-map", "0:a", "-map_metadata:s:a", "1", "-c", "copy"], as: "cover.ogg", in: folder, of: plain)
        let song = try await Child.song(path)
        #expect(song.description.coverContentType == "image/png" && song.cover == picture)
        let bare = try await Child.song(plain)
        #expect(song.description.codecConfig == bare.description.codecConfig)
    }

    @Test func `A wave file whose writer could not come back for the length is read to its end`() async throws {
        let folder = try TemporaryFolder()
        let path = try Music.song("formats/song.wav")
        var bytes = try Array(Data(contentsOf: URL(filePath: path)))
        let data = try #require(bytes.indices.first { bytes[$0...].starts(with: "data".utf8) })
        for index in 4..<8 { (bytes[index], bytes[data + index]) = (255, 255) }
        let song = try await Child.song(folder.file("piped.wav", bytes)).description
        let whole = try await Child.song(path).description
        #expect(song.totalSamples == whole.totalSamples)
    }
}
