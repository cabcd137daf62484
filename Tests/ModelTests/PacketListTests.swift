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

    @Test func `The encoder knows how long the list will be within a group's head`() {
        var encoder = PacketList.Encoder()
        for _ in 0..<100 { encoder.append(PacketList.Packet(length: 300, samples: 960)) }
        let foretold = encoder.length
        #expect((foretold...(foretold + 30)).contains(encoder.finish().count))
    }

    @Test func `A damaged list is an error and never a crash`() throws {
        let whole = encoded([Packet(length: 100, samples: 1152), Packet(gap: 7, length: 300, samples: 1152)])
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode([]) }
        #expect(throws: PacketList.Malformed.self) { try PacketList.decode([2] + whole.dropFirst()) }
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
