import Model
import Testing

@Suite struct PacketListTests {
    private typealias Packet = PacketList.Packet

    private func encoded(_ packets: [PacketList.Packet]) -> [UInt8] {
        var encoder = PacketList.Encoder()
        for packet in packets { encoder.append(packet) }
        return encoder.finish()
    }

    @Test func `What was listed is read again`() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let packets = (0..<Int.random(in: 0..<300, using: &generator)).map { _ in
                PacketList.Packet(
                    gap: Bool.random(using: &generator) ? 0 : Int.random(in: 0..<70_000, using: &generator),
                    length: Int.random(in: 1..<(1 << 22), using: &generator),
                    samples: [0, 576, 1024, 1152].randomElement(using: &generator) ?? 0)
            }
            #expect(try PacketList.decode(encoded(packets)) == packets)
        }
    }

    @Test func `Packets that touch and last equally long cost their lengths alone`() {
        let packets = Array(repeating: PacketList.Packet(length: 626, samples: 1152), count: 10_000)
        #expect(encoded(packets).count == 1 + 2 + 2 + 1 + 2 * packets.count)
    }

    @Test func `Heads and pages stand before the packets, and lists without them are as they always were`() throws {
        let packets = [Packet(length: 300, samples: 960), Packet(length: 200, samples: 960)]
        let pages = [PacketList.Page(gap: 28, length: 400), PacketList.Page(gap: 300, length: 100)]
        var encoder = PacketList.Encoder()
        for packet in packets { encoder.append(packet) }
        var other = encoder
        #expect(encoder.finish() == [1, 2, 0xC0, 7, 0, 0xAC, 2, 0xC8, 1])
        let bytes = other.finish(packetHead: 7, pages: pages)
        #expect(bytes == [2, 7, 2, 28, 0x90, 3, 0xAC, 2, 100] + [2, 0xC0, 7, 0, 0xAC, 2, 0xC8, 1])
        let list = try PacketList(bytes)
        #expect(list.packetHead == 7 && list.pages == pages)
        #expect(try PacketList.decode(bytes) == packets)
        #expect(throws: PacketList.Malformed.self) { try PacketList([2, 0, 100, 1, 1]) }
    }

    @Test func `A copy of a reader goes on from where it was made`() throws {
        var reader = try PacketList(encoded((1...9).map { Packet(length: $0, samples: $0 / 4) })).makeReader()
        for _ in 0..<5 { _ = try reader.next() }
        var copy = reader
        let rest = try (0..<4).map { _ in try reader.next()?.length }
        #expect(rest == [6, 7, 8, 9])
        #expect(try reader.next() == nil)
        #expect(try copy.next() == Packet(length: 6, samples: 1))
    }

    @Test func `The encoder knows how long the list will be within a group's head`() {
        var encoder = PacketList.Encoder()
        for _ in 0..<100 { encoder.append(PacketList.Packet(length: 300, samples: 960)) }
        let foretold = encoder.length
        #expect((foretold...(foretold + 30)).contains(encoder.finish().count))
    }

    @Test func `A damaged list is an error and never a crash`() throws {
        let whole = encoded([Packet(length: 100, samples: 1152), Packet(gap: 7, length: 300, samples: 1152)])
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode([]) }
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode([3] + whole.dropFirst()) }
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode(Array(whole.dropLast())) }
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode([1, 0, 0, 0]) }
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode([1] + Array(repeating: 255, count: 40)) }
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode(whole, maximum: 1) }
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            var bytes = whole
            bytes[Int.random(in: 1..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = try? PacketList.decode(bytes)
        }
    }
}
