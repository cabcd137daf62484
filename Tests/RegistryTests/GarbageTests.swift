import Model
import Testing

@testable import Registry

/// Bytes that nobody meant: none may stop the registry, and whatever it answers must itself be a right message.
@Suite struct GarbageTests {
    private static let types: [RecordType] = [.a, .srv, .txt, .soa, .ns, .any, .opt, .tsig, RecordType(65_535)]
    private static let names = [
        "data.rondo", "_http._tcp.router.rondo", "rondo", "x.rondo", "example.org", "\(ServerID(1)).server.rondo",
    ]

    @Test(arguments: 0..<4)
    func `random and damaged packets never stop the registry`(seed: UInt64) throws {
        var desk = try Desk.withFive()
        var random = SeededGenerator(seed: seed)
        var replies = 0
        for round in 0..<50_000 {
            let packet = round % 4 == 0 ? Self.noise(&random) : try Self.damaged(&random)
            let transport: DNSTransport = round % 2 == 0 ? .udp : .tcp
            switch desk.answer(packet, over: transport) {
            case .dropped: continue
            case .reply(let bytes, _):
                replies += 1
                if transport == .udp { #expect(bytes.count <= 1232) }
                if round % 8 == 1 { _ = try DNSMessage(parsing: bytes) }
            }
        }
        #expect(replies > 10_000)
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test(arguments: 0..<2)
    func `random and damaged answers never stop a client`(seed: UInt64) throws {
        var desk = try Desk.withFive()
        var random = SeededGenerator(seed: seed)
        let query = DNSQuery(id: 5, try #require(DomainName("_http._tcp.router.rondo")), .srv)
        guard
            case .reply(let right, _) = desk.answer(query.bytes, over: .udp)
        else { throw DNSError(reason: .foreign, offset: 0) }
        var read = 0
        for _ in 0..<20_000 where (try? query.answer(parsing: Self.mutate(right, &random))) != nil { read += 1 }
        #expect(read > 100)
    }

    private static func noise(_ random: inout SeededGenerator) -> [UInt8] {
        let length = Int.random(in: 0...80, using: &random)
        var bytes: [UInt8] = []
        while bytes.count < length { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        return bytes
    }

    private static func damaged(_ random: inout SeededGenerator) throws -> [UInt8] {
        let name = try #require(DomainName(names[Int.random(in: 0..<names.count, using: &random)]))
        let type = types[Int.random(in: 0..<types.count, using: &random)]
        return mutate(DNSQuery(id: 3, name, type).bytes, &random)
    }

    private static func mutate(_ right: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = right
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: bytes.removeSubrange(place...)
            case 3: bytes.insert(0xC0, at: place)
            default: bytes.append(UInt8(truncatingIfNeeded: random.next()))
            }
        }
        return bytes
    }
}
