import Model
import Segments
import Testing

@Suite struct SegmentTests {
    private typealias Packet = PacketList.Packet

    @Test func `A segment's head is these bytes, and its packets follow as they are in the original`() throws {
        let song = try Sample.song()
        #expect(song.count == 2)
        let second = try song[1]
        #expect(second.pieces == [160..<310])
        #expect(second.length == Int64(second.head.count) + 150)
        #expect(
            second.head
                == [UInt8](
                    hex: """
                        00000068 6d6f6f66  00000010 6d666864 00000000 00000002
                        00000050 74726166  00000014 74666864 00020008 00000001 0000113a
                        00000014 74666474 01000000 00000000000033ae
                        00000020 7472756e 00000201 00000003 00000070 00000028 00000032 0000003c
                        0000009e 6d646174
                        """))
    }

    @Test func `Durations that differ are listed, packet by packet`() throws {
        let song = try Sample.song((1...6).map { Packet(length: $0 * 10, samples: $0 == 2 ? 100 : 4_410) })
        let boxes = try #require(BoxTree.read(try song[0].head.dropLast(8)))
        let run = try #require(BoxTree.find("trun", in: boxes))
        #expect(
            Array(run.content)
                == [UInt8](hex: "00000301 00000003 00000078 0000113a 0000000a 00000064 00000014 0000113a 0000001e"))
        let header = try #require(BoxTree.find("tfhd", in: boxes))
        #expect(Array(header.content) == [UInt8](hex: "00020000 00000001"))
        // Times go on where the packets before ended, whatever the chunks say.
        let second = try #require(BoxTree.read(try song[1].head.dropLast(8)))
        #expect(BoxTree.find("tfdt", in: second).map { Array($0.content.suffix(4)) } == [0, 0, 0x22, 0xD8])
    }

    @Test func `What lies between packets is no part of a segment`() throws {
        let song = try Sample.song([
            Packet(length: 10, samples: 1), Packet(gap: 5, length: 15, samples: 1), Packet(length: 30, samples: 1),
            Packet(length: 100, samples: 1), Packet(gap: 20, length: 30, samples: 1),
        ])
        #expect(try song[0].pieces == [100..<110, 115..<160])
        #expect(try song[1].pieces == [160..<260, 280..<310])
    }

    @Test func `The headers of ADTS frames are left out`() throws {
        let manifest = Sample.manifest(
            codec: "aac", container: "adts", configuration: [0x12, 0x10], total: 2048,
            chunks: [Sample.chunk(.audio, at: 0, 50, from: 0, 2048)])
        let packets = [Packet(length: 20, samples: 1024), Packet(length: 30, samples: 1024)]
        let song = try SongSegments(manifest, packets: Sample.list(packets, packetHead: 7))
        #expect(try song[0].pieces == [7..<20, 27..<50])
        #expect(song.contentType == "audio/mp4; codecs=\"mp4a.40.2\"")
        #expect(throws: Unsegmentable.noList) { try SongSegments(manifest, packets: Sample.list(packets)) }
    }

    @Test func `Packets laced in pages come out in one piece, also where one goes over a page's end`() throws {
        let manifest = Sample.manifest(
            codec: "opus", container: "ogg",
            configuration: Array("OpusHead".utf8) + [1, 2, 56, 1, 0, 0, 0, 0, 0, 0, 0],
            rate: 48_000, skip: 312, total: 3 * 960 - 312,
            chunks: [
                Sample.chunk(.head, at: 0, 50, from: 0, 0), Sample.chunk(.audio, at: 50, 128, from: 0, 648),
                Sample.chunk(.audio, at: 178, 188, from: 648, 1920),
            ])
        let packets = [100, 100, 30].map { Packet(length: $0, samples: 960) }
        let pages = [
            PacketList.Page(gap: 28, length: 100), PacketList.Page(gap: 28, length: 60),
            PacketList.Page(gap: 30, length: 70),
        ]
        let song = try SongSegments(manifest, packets: Sample.list(packets, pages: pages))
        #expect(song.count == 2)
        #expect(try song[0].pieces == [78..<178])
        #expect(try song[1].pieces == [206..<266, 296..<366])
        #expect(throws: Unsegmentable.noList) { try SongSegments(manifest, packets: Sample.list(packets)) }
    }

    @Test func `A chunk in which no packet begins belongs to the segment before it`() throws {
        let manifest = Sample.manifest(
            total: 300,
            chunks: [
                Sample.chunk(.audio, at: 0, 100, from: 0, 100), Sample.chunk(.audio, at: 100, 50, from: 100, 0),
                Sample.chunk(.audio, at: 150, 50, from: 100, 200),
            ])
        let packets = [Packet(length: 150, samples: 100), Packet(length: 50, samples: 200)]
        let song = try SongSegments(manifest, packets: Sample.list(packets))
        #expect(song.count == 2)
        #expect(try song[0].pieces == [0..<150])
        #expect(try song[1].pieces == [150..<200])
    }

    @Test func `A list that is not the song's is refused and never a crash`() throws {
        let tooLong = (1...7).map { Packet(length: $0 * 10, samples: 1) }
        #expect(throws: Unsegmentable.damagedList) { try Sample.song(tooLong) }
        #expect(throws: Unsegmentable.damagedList) { try Sample.song([]) }
        #expect(throws: Unsegmentable.damagedList) { try Sample.song([Packet(length: 10, samples: 1 << 33)]) }
        var generator = SeededGenerator(seed: 11)
        let manifest = try Sample.song().manifest
        let whole = Sample.list((1...6).map { Packet(gap: $0, length: 10, samples: 4_410) }, packetHead: 2)
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let song = try? SongSegments(manifest, packets: bytes) else { continue }
            for index in 0..<song.count {
                #expect(try song[index].pieces.allSatisfy { (100...310).contains($0.upperBound) })
            }
            #expect(!song.playlist.isEmpty)
        }
    }

    @Test func `Numbers that no song has are refused`() throws {
        var manifest = try Sample.song().manifest
        let packets = Sample.list((1...6).map { Packet(length: $0 * 10, samples: 4_410) })
        manifest.chunks[2].samples = .max
        #expect(throws: Unsegmentable.damagedList) { try SongSegments(manifest, packets: packets) }
        manifest = try Sample.song().manifest
        manifest.sampleRate = 0
        #expect(throws: Unsegmentable.codec) { try SongSegments(manifest, packets: packets) }
        manifest.sampleRate = 44_100
        manifest.codec = "pcm"
        #expect(throws: Unsegmentable.codec) { try SongSegments(manifest, packets: packets) }
    }
}

@Suite struct PieceTests {
    @Test func `Any range of a segment, read in any slices, is that range of the whole`() throws {
        var generator = SeededGenerator(seed: 3)
        let original = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let song = try Sample.song([
            .init(length: 10, samples: 1), .init(gap: 5, length: 15, samples: 1), .init(gap: 1, length: 29, samples: 1),
            .init(length: 100, samples: 1),
        ])
        let segment = try song[0]
        let whole = segment.head + segment.pieces.flatMap { original[Int($0.lowerBound)..<Int($0.upperBound)] }
        #expect(Int64(whole.count) == segment.length)
        for _ in 0..<2_000 {
            let from = Int64.random(in: 0..<segment.length, using: &generator)
            let to = Int64.random(in: from + 1...segment.length, using: &generator)
            let parts = segment.parts(of: from..<to)
            var read = Array(parts.head)
            if var filter = PieceFilter(parts.pieces) {
                var position = Int(filter.span.lowerBound)
                while position < Int(filter.span.upperBound) {
                    let end = min(position + Int.random(in: 1...20, using: &generator), Int(filter.span.upperBound))
                    read += filter.pass(original[position..<end])
                    position = end
                }
            }
            #expect(read.elementsEqual(whole[Int(from)..<Int(to)]))
        }
    }
}
