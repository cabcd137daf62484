import Foundation
import Model
import Testing
import TestTools

/// Tags in all the ways in which programs write them, around the same second of music.
@Suite struct TagTests {
    /// An MP3 without tags, and what an ID3v1 tag and ID3v2 frames around it say.
    private func tagged(_ version: UInt8, _ frames: [[UInt8]], v1: [UInt8] = []) async throws -> SongTags {
        let folder = try TemporaryFolder()
        let bare = try await Music.made(
            ["-t", "1", "-map", "0:a", "-map_metadata", "-1", "-c:a", "libmp3lame", "-id3v2_version", "0"],
            as: "bare.mp3", in: folder)
        let music = try Array(Data(contentsOf: URL(filePath: bare)))
        let body = frames.flatMap(\.self)
        let tag = frames.isEmpty ? [] : Array("ID3".utf8) + [version, 0, 0] + ID3.synchsafe(body.count) + body
        let path = try folder.file("tagged.mp3", tag + music + v1)
        let song = try await Child.song(path).description
        #expect(song.bytes == Int64(tag.count + music.count + v1.count))
        return song.tags
    }

    private static let title = "Ünïcödé"

    @Test(
        arguments: [
            (3, [0x00] + Array("Ünïcödé".unicodeScalars.map { UInt8($0.value) })),
            (4, [0x00] + Array("Ünïcödé".unicodeScalars.map { UInt8($0.value) }) + [0]),
            (3, ID3.utf16("Ünïcödé", marked: true) + [0, 0]),
            (3, [0x01, 0xFE, 0xFF] + ID3.utf16("Ünïcödé", marked: false).dropFirst()),
            (4, ID3.utf16("Ünïcödé", marked: false)),
            (4, [0x03] + Array("Ünïcödé".utf8)),
        ] as [(UInt8, [UInt8])])
    func `A title is read in every encoding of ID3v2`(version: UInt8, content: [UInt8]) async throws {
        let tags = try await tagged(version, [ID3.frame("TIT2", content, version: version)])
        #expect(tags.title == Self.title)
    }

    @Test func `Emoji and other scripts survive UTF-16`() async throws {
        let text = "愛 🎵 мир"
        let content = ID3.utf16(text, marked: true)
        #expect(try await tagged(3, [ID3.frame("TPE1", content, version: 3)]).artist == text)
    }

    @Test func `ID3v1 is read where nothing else is, its Latin-1 and its genre's number too`() async throws {
        func field(_ text: String, _ length: Int) -> [UInt8] {
            let bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            return bytes + Array(repeating: 0, count: length - bytes.count)
        }
        let tag =
            Array("TAG".utf8) + field("Chanson d'été", 30) + field("Möbius", 30) + field("Ça", 30) + field("1987", 4)
            + field("", 28) + [0, 7, 17]
        let expected = SongTags(
            title: "Chanson d'été", artist: "Möbius", album: "Ça", genre: "Rock", year: 1987, track: 7)
        #expect(try await tagged(0, [], v1: tag) == expected)
        let both = try await tagged(4, [ID3.frame("TIT2", [3] + Array("New".utf8), version: 4)], v1: tag)
        #expect(both.title == "New")
    }

    @Test func `Of many values in ID3v2.4 one counts, and a genre's number is its name`() async throws {
        let frames = [
            ID3.frame("TPE1", [3] + Array("One\0Two\0Three".utf8), version: 4),
            ID3.frame("TCON", [3] + Array("(17)".utf8), version: 4),
            ID3.frame("TRCK", [3] + Array("4/9".utf8), version: 4),
            ID3.frame("TDRC", [3] + Array("2001-05-06T07:08".utf8), version: 4),
        ]
        let tags = try await tagged(4, frames)
        #expect(tags.artist?.hasPrefix("One") == true)
        #expect(tags.genre == "Rock" && tags.track == 4 && tags.year == 2001)
    }

    @Test func `Of many values in a Vorbis comment every one is found`() async throws {
        let folder = try TemporaryFolder()
        for (codec, name) in [("flac", "a.flac"), ("libvorbis", "a.ogg"), ("libopus", "a.opus")] {
            let path = try await Music.made(
                ["-t", "1", "-map", "0:a", "-map_metadata", "-1", "-c:a", codec, "-metadata", "artist=One;Two"],
                as: name, in: folder)
            let artist = try await Child.song(path).description.tags.artist
            #expect(artist?.contains("One") == true && artist?.contains("Two") == true, "\(name)")
        }
    }

    @Test func `A file without tags, or with empty ones, has none`() async throws {
        #expect(try await tagged(0, []) == SongTags())
        let blank = try await tagged(4, [ID3.frame("TIT2", [3] + Array(" \u{1}\n ".utf8), version: 4)])
        #expect(blank.title == nil)
    }

    @Test func `Absurdly long tags are cut, in every format`() async throws {
        let long = String(repeating: "Ünïcödé ", count: 600_000)
        let tags = try await tagged(4, [ID3.frame("TIT2", [3] + Array(long.utf8), version: 4)])
        #expect((990...1_000).contains(tags.title?.utf8.count ?? 0))
        let folder = try TemporaryFolder()
        let metadata = try folder.file("tags.txt", Array(";FFMETADATA1\ntitle=\(long.prefix(400_000))\n".utf8))
        for (codec, name) in [("flac", "a.flac"), ("libvorbis", "a.ogg"), ("libopus", "a.opus"), ("aac", "a.m4a")] {
            let path = try await Music.made(
                [
                    "-i", metadata, "-t", "1", "-map", "0:a", "-map_metadata", "1", "-map_metadata:s:a", "1", "-c:a",
                    codec,
                ],
                as: name, in: folder)
            let title = try await Child.song(path).description.tags.title
            #expect((990...1_000).contains(title?.utf8.count ?? 0), "\(name)")
        }
    }
}

/// Pieces of ID3v2 tags (id3v2.3.0 §3, id3v2.4.0-structure §4).
enum ID3 {
    static func synchsafe(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(number >> (7 * (3 - $0)) & 127) } }

    /// The encoding's number and the text: little-endian with its mark, or big-endian without.
    static func utf16(_ text: String, marked: Bool) -> [UInt8] {
        var bytes: [UInt8] = marked ? [1, 0xFF, 0xFE] : [2]
        for unit in text.utf16 {
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 255))
            bytes += marked ? [low, high] : [high, low]
        }
        return bytes
    }

    static func frame(_ id: String, _ content: [UInt8], version: UInt8) -> [UInt8] {
        let length =
            version == 4 ? synchsafe(content.count) : (0..<4).map { UInt8(content.count >> (24 - 8 * $0) & 255) }
        return Array(id.utf8) + length + [0, 0] + content
    }
}
