import Model
import Testing

@testable import Registry

@Suite struct ZoneTests {
    private static let first = "\(ServerID(1)).server.rondo."

    @Test func `the role names list all live servers with one TTL`() throws {
        var desk = try Desk.withFive()
        #expect(try desk.hosts("data.rondo") == [2, 3])
        #expect(try desk.hosts("router.rondo") == [4, 5, 6])
        #expect(try desk.hosts("registry.rondo") == [1])
        #expect(try desk.hosts("server.rondo") == [1, 2, 3, 4, 5, 6])
        let answer = try desk.dig("router.rondo")
        #expect(answer.header.isAuthoritative && answer.header.code == .noError)
        #expect(answer.answers.allSatisfy { $0.ttl == 5 })
        #expect(answer.authorities.isEmpty)
    }

    @Test func `addresses come in random order`() throws {
        var desk = try Desk.withFive()
        var orders: Set<[DNSRecord]> = []
        for _ in 0..<200 { orders.insert(try desk.dig("router.rondo").answers) }
        #expect(orders.count == 6)
    }

    @Test(
        arguments: [
            ("_http._tcp.router.rondo", 8080, 3), ("_peer._tcp.data.rondo", 7700, 2),
            ("_peer._tcp.router.rondo", 7700, 3),
            ("_dns._udp.registry.rondo", 5300, 1),
        ] as [(String, UInt16, Int)])
    func `services come with their ports, and the addresses of their targets`(
        name: String, port: UInt16, count: Int
    ) throws {
        var desk = try Desk.withFive()
        let query = DNSQuery(id: 1, try #require(DomainName(name)), .srv)
        let outcome = desk.answer(query.bytes, over: .udp)
        guard case .reply(let bytes, .noError) = outcome else { throw DNSError(reason: .foreign, offset: 0) }
        let services = try query.answer(parsing: bytes).services
        #expect(services.count == count)
        #expect(services.allSatisfy { $0.port == port && $0.address != nil })
        for service in services {
            let address = try desk.dig(service.target.description).answers.first?.data
            #expect(address == service.address.map { .address($0) })
        }
    }

    @Test func `a server's own name has its address and its story`() throws {
        var desk = try Desk.withFive()
        #expect(try desk.dig(Self.first).answers.first?.data == .address(HostAddress(127, 0, 1, 2)))
        let text = try desk.dig(Self.first, .txt).answers.first?.data
        let expected = ["role=data", "incarnation=1", "state=ready", "http=8080", "peer=7700"]
        #expect(text == .text(expected.map { Array($0.utf8) }))
        desk.report(1)
        let suspected = try desk.dig(Self.first, .txt).answers.first?.data
        guard case .text(let strings) = suspected else { throw DNSError(reason: .foreign, offset: 0) }
        #expect(strings.contains(Array("state=suspected".utf8)))
    }

    @Test func `the zone has a beginning, and a name server that resolves`() throws {
        var desk = try Desk.withFive()
        guard case .authority(let authority) = try desk.dig("rondo", .soa).answers.first?.data else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        #expect(authority.server == DomainName("registry.rondo") && authority.negative == 1)
        let servers = try desk.dig("rondo.", .ns)
        let name = try #require(DomainName("registry.rondo"))
        #expect(servers.answers.map(\.data) == [.nameServer(name)])
        #expect(servers.additionals.first?.data == .address(HostAddress(127, 0, 1, 1)))
    }

    @Test func `the serial grows with the zone, not with renewals`() throws {
        var desk = try Desk.withFive()
        let before = desk.registry.serial
        desk.ready(1, .data)
        #expect(desk.registry.serial == before)
        desk.ready(1, .router)
        #expect(desk.registry.serial == before + 1)
        #expect(try desk.hosts("data.rondo") == [3])
    }

    @Test(arguments: ["_tcp.router.rondo", "_tcp.data.rondo", "_udp.registry.rondo", "data.rondo", "rondo"])
    func `names that exist without the type have no data, and the zone says for how long`(name: String) throws {
        var desk = try Desk.withFive()
        let answer = try desk.dig(name, .aaaa)
        #expect(answer.header.code == .noError && answer.header.isAuthoritative && answer.answers.isEmpty)
        #expect(answer.authorities.map(\.type) == [.soa] && answer.authorities.map(\.ttl) == [1])
        #expect(answer.authorities.first?.name == DomainName("rondo"))
    }

    @Test(arguments: [
        "nobody.rondo", "x.data.rondo", "_sip._tcp.router.rondo", "\(ServerID(99)).server.rondo", "z.\(first)",
    ])
    func `names that nobody has do not exist`(name: String) throws {
        var desk = try Desk.withFive()
        let answer = try desk.dig(name)
        #expect(answer.header.code == .nameError && answer.header.isAuthoritative)
        #expect(answer.authorities.map(\.type) == [.soa])
    }

    @Test func `names compare without case, and the question comes back as it was written`() throws {
        var desk = try Desk.withFive()
        let answer = try desk.dig("DaTa.RoNdO")
        #expect(answer.answers.count == 2)
        #expect(answer.questions.first?.name.description == "DaTa.RoNdO.")
        #expect(answer.answers.first?.name.description == "DaTa.RoNdO.")
    }

    @Test func `ANY gets one small record`() throws {
        var desk = try Desk.withFive()
        let answer = try desk.dig("server.rondo", .any)
        #expect(answer.answers.map(\.type) == [.hinfo])
    }

    @Test func `what is not ours or not allowed is refused`() throws {
        var desk = try Desk.withFive()
        for name in ["example.org", "xrondo", "."] { #expect(try desk.dig(name).header.code == .refused) }
        #expect(try desk.dig("rondo", .axfr).header.code == .refused)
        var message = DNSMessage(header: DNSHeader(id: 5))
        let apex = try #require(DomainName("rondo"))
        message.questions = [DNSQuestion(apex, .txt, RecordClass(3))]
        #expect(try desk.dig(message.bytes).header.code == .refused)
        message.questions = [DNSQuestion(apex, .soa)]
        message.header.opcode = .update
        #expect(try desk.dig(message.bytes).header.code == .refused)
        for opcode: UInt8 in [1, 2, 3, 4, 6, 15] {
            message.header.opcode = Opcode(opcode)
            #expect(try desk.dig(message.bytes).header.code == .notImplemented)
        }
    }

    @Test func `a registry that starts empty does not know, for one renewal period`() throws {
        var desk = try Desk()
        let answer = try desk.dig("data.rondo")
        #expect(answer.header.code == .serverFailure && !answer.header.isAuthoritative)
        #expect(answer.additionals.first?.data == .unknown([0, 15, 0, 2, 0, 14]), "EDE 14, Not Ready")
        #expect(try desk.dig("\(ServerID(1)).server.rondo").header.code == .serverFailure)
        #expect(try desk.hosts("registry.rondo") == [1])
        desk.pass(.seconds(3))
        let later = try desk.dig("data.rondo")
        #expect(later.header.code == .noError && later.answers.isEmpty)
        #expect(try desk.dig("\(ServerID(1)).server.rondo").header.code == .nameError)
    }

    @Test func `a registry that starts again beside a ring waits for all its members`() throws {
        var desk = try Desk()
        for number in 1...4 {
            desk.ready(number, number <= 2 ? .data : .router)
            #expect(try desk.dig("data.rondo").header.code == .serverFailure)
        }
        desk.ready(5, .router)
        #expect(try desk.hosts("data.rondo") == [2, 3])
        #expect(try desk.hosts("router.rondo") == [4, 5, 6])
    }

    @Test func `a new cluster is listed before the first renewal period is over, but never empty`() throws {
        var desk = try Desk()
        for number in 1...3 { _ = try desk.ask(Desk.request(number)) }
        #expect(try desk.dig("data.rondo").header.code == .serverFailure)
        var alone = Desk.request(9)
        (alone.held, alone.state, alone.ringSize) = (.data, .ready, 2)
        _ = try desk.ask(alone)
        #expect(try desk.hosts("data.rondo") == [10])
        #expect(try desk.hosts("router.rondo") == [3], "one that starts is better than none")
        var fresh = try Desk()
        fresh.ready(1, .data, ringSize: 1)
        fresh.ready(1, .data, ringSize: 2)
        #expect(try fresh.dig("router.rondo").header.code == .serverFailure)
    }

    @Test func `servers that start or leave are listed only where nobody else is`() throws {
        var desk = try Desk.withFive()
        _ = try desk.ask(Desk.request(6))
        #expect(try desk.hosts("server.rondo") == [1, 2, 3, 4, 5, 6])
        var leaving = Desk.request(1)
        (leaving.held, leaving.state) = (.data, .leaving)
        _ = try desk.ask(leaving)
        #expect(try desk.hosts("data.rondo") == [3])
        leaving.life = Desk.life(2)
        leaving.address = HostAddress(127, 0, 1, 3)
        _ = try desk.ask(leaving)
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `a zone may have a name of several labels, but not one too long for its servers`() throws {
        var desk = try Desk(zone: "Music.Example.org.")
        #expect(try desk.hosts("registry.music.example.org") == [1])
        #expect(Zone("") == nil && Zone(".") == nil && Zone("a..b") == nil)
        #expect(Zone(String(repeating: "a23456789.", count: 21) + "aaa") != nil)
        #expect(Zone(String(repeating: "a23456789.", count: 21) + "aaaa") == nil)
    }
}
