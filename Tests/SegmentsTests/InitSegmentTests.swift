import Model
import Segments
import Testing

@Suite struct InitSegmentTests {
    private func boxes(
        _ codec: String, _ configuration: [UInt8], rate: Int = 44_100, skip: Int64 = 0, bits: Int = 16
    ) throws -> [BoxTree] {
        let manifest = Sample.manifest(
            codec: codec, configuration: configuration, rate: rate, skip: skip, total: 26_460, bits: bits,
            chunks: [Sample.chunk(.audio, at: 0, 60, from: 0, 26_460)])
        let song = try SongSegments(
            manifest, packets: Sample.list([PacketList.Packet(length: 60, samples: 26_460)]))
        return try #require(BoxTree.read(song.initSegment[...]))
    }

    private func entry(_ codec: String, _ configuration: [UInt8], rate: Int = 44_100, bits: Int = 16) throws -> [UInt8]
    {
        let boxes = try boxes(codec, configuration, rate: rate, bits: bits)
        return Array(try #require(BoxTree.find("stsd", in: boxes)).content.dropFirst(8))
    }

    @Test func `The boxes are those of a file without packets`() throws {
        #expect(
            BoxTree.outline(try boxes("flac", Sample.streamInfo)) == """
                ftyp moov(mvhd trak(tkhd mdia(mdhd hdlr minf(smhd dinf(dref) stbl(stsd stts stsc stco stsz)))) \
                mvex(mehd trex))
                """)
    }

    @Test func `Samples to be skipped are an edit, and times are in samples`() throws {
        let boxes = try boxes("flac", Sample.streamInfo, skip: 1105)
        let edit = try #require(BoxTree.find("elst", in: boxes))
        #expect(Array(edit.content) == [UInt8](hex: "00000000 00000001 00000000 00000451 00010000"))
        let media = try #require(BoxTree.find("mdhd", in: boxes))
        #expect(Array(media.content) == [UInt8](hex: "00000000 00000000 00000000 0000ac44 00000000 55c40000"))
        let length = try #require(BoxTree.find("mehd", in: boxes))
        #expect(Array(length.content) == [UInt8](hex: "01000000 000000000000675c"))
    }

    private static let entryHead = "000000000000 0001 0000000000000000 0002"

    @Test func `FLAC is described by its STREAMINFO`() throws {
        let expected =
            [UInt8](
                hex: """
                    00000056 664c6143 \(Self.entryHead) 0018 00000000 ac440000
                    00000032 64664c61 00000000 80000022
                    """)
            + Sample.streamInfo
        #expect(try entry("flac", Sample.streamInfo, bits: 24) == expected)
        // A rate that the field cannot hold stands in STREAMINFO alone.
        #expect(try entry("flac", Sample.streamInfo, rate: 96_000)[32..<36].elementsEqual([0, 0, 0, 0]))
    }

    @Test func `AAC is described by its configuration, MP3 by a number`() throws {
        #expect(
            try entry("aac", [0x12, 0x10])
                == [UInt8](
                    hex: """
                        0000004b 6d703461 \(Self.entryHead) 0010 00000000 ac440000
                        00000027 65736473 00000000 0319 0000 00 0411 40 15 000000 00000000 00000000 0502 1210 0601 02
                        """))
        #expect(
            try entry("mp3", [])
                == [UInt8](
                    hex: """
                        00000047 6d703461 \(Self.entryHead) 0010 00000000 ac440000
                        00000023 65736473 00000000 0315 0000 00 040d 6b 15 000000 00000000 00000000 0601 02
                        """))
        #expect(try entry("mp3", [], rate: 22_050)[55] == 0x69)
    }

    @Test func `A long configuration has a length of two bytes`() throws {
        let entry = try entry("aac", [0x12] + Array(repeating: 9, count: 299))
        #expect(entry.count == 36 + 12 + 3 + 3 + 3 + 13 + 3 + 300 + 3)
        #expect(Array(entry[48...]).starts(with: [3, 0x82, 0x45]))
    }

    @Test func `Opus is described by OpusHead with its numbers turned round`() throws {
        let head = Array("OpusHead".utf8) + [1, 2, 0x38, 0x01, 0x44, 0xAC, 0, 0, 0x01, 0x02, 0]
        let manifest = Sample.manifest(
            codec: "opus", configuration: head, rate: 48_000, skip: 312, total: 960,
            chunks: [Sample.chunk(.audio, at: 0, 60, from: 0, 960)])
        let song = try SongSegments(manifest, packets: Sample.list([PacketList.Packet(length: 60, samples: 960)]))
        let boxes = try #require(BoxTree.read(song.initSegment[...]))
        let entry = try #require(BoxTree.find("stsd", in: boxes)).content
        #expect(entry.suffix(19).elementsEqual([UInt8](hex: "00000013 644f7073 00 02 0138 0000ac44 0201 00")))
        #expect(song.contentType == "audio/mp4; codecs=\"opus\"")
    }

    @Test(arguments: [
        ("flac", [UInt8](repeating: 0, count: 33)), ("opus", Array("OpusTail".utf8)), ("aac", [0x12]), ("alac", []),
        ("vorbis", [2, 1, 1]), ("pcm", []),
    ])
    func `Without a configuration that makes sense there are no segments`(codec: String, bytes: [UInt8]) {
        #expect(throws: Unsegmentable.codec) { try boxes(codec, bytes) }
    }
}

@Suite struct PlaylistTests {
    @Test func `The playlist is these lines`() throws {
        #expect(
            String(decoding: try Sample.song().playlist, as: UTF8.self) == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-TARGETDURATION:1
                #EXT-X-MEDIA-SEQUENCE:0
                #EXT-X-PLAYLIST-TYPE:VOD
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MAP:URI="init.mp4"
                #EXTINF:0.300000,
                seg/0.m4s
                #EXTINF:0.300000,
                seg/1.m4s
                #EXT-X-ENDLIST

                """)
    }

    @Test func `Durations add up to the song's, to the microsecond`() throws {
        let count = 1_000
        let manifest = Sample.manifest(
            total: Int64(count) * 441_127,
            chunks: (0..<count).map {
                Sample.chunk(.audio, at: Int64($0) * 10, 10, from: Int64($0) * 441_127, 441_127)
            })
        let packets = (0..<count).map { _ in PacketList.Packet(length: 10, samples: 441_127) }
        let text = String(decoding: try SongSegments(manifest, packets: Sample.list(packets)).playlist, as: UTF8.self)
        let lengths = text.matches(of: #/EXTINF:(\d+)\.(\d{6}),/#).map { length in
            (Int(length.1) ?? 0) * 1_000_000 + (Int(length.2) ?? 0)
        }
        #expect(lengths.count == count)
        #expect(lengths.reduce(0, +) == (count * 441_127 * 1_000_000 + 22_050) / 44_100)
        #expect(text.contains("#EXT-X-TARGETDURATION:11\n"))
    }
}
