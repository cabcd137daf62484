import Crypto
import Model
import Testing

@testable import Registry

/// Dynamic updates (RFC 2136): the leases of servers, and nothing else.
@Suite struct UpdateTests {
    private let client = Client(key: ClusterKey())

    private func desk() throws -> Desk { try Desk.withFive(keys: [client.key]) }

    @Test func `an update gives a lease, from which the sets follow`() throws {
        var desk = try desk()
        let text = try Lines.text(20, "role=data", "peer=7700", "http=8080")
        #expect(try desk.update(client, [Lines.address(20, 99), text]) == .noError)
        #expect(try desk.hosts("data.rondo") == [2, 3, 99])
        #expect(try desk.dig("_peer._tcp.data.rondo", .srv).answers.count == 3)
        let expected = ["role=data", "incarnation=1", "state=ready", "http=8080", "peer=7700"]
        let name = try Lines.name(20).description
        #expect(try desk.dig(name, .txt).answers.map(\.data) == [.text(expected.map { Array($0.utf8) })])
        #expect(desk.registry.leases(at: desk.now).last?.remainingMs == 10_000)
        #expect(desk.updateOutcomes == [.accepted])
    }

    @Test func `the same update renews, and an address alone does too`() throws {
        var desk = try desk()
        let records = [try Lines.address(20, 99), try Lines.text(20, "role=router", "peer=7700")]
        for step in 0..<5 {
            #expect(try desk.update(client, step < 3 ? records : [records[0]]) == .noError)
            desk.pass(.seconds(8))
            #expect(try desk.dig(Lines.name(20).description).answers.count == 1)
        }
        #expect(desk.registry.leases(at: desk.now).last?.life.incarnation == Incarnation(1))
    }

    @Test func `a name without a port cannot be asked and goes when its lease runs out`() throws {
        var desk = try desk()
        #expect(try desk.update(client, [Lines.address(20, 99), Lines.text(20, "role=data")]) == .noError)
        #expect(try desk.hosts("data.rondo") == [2, 3, 99])
        #expect(try desk.dig("_peer._tcp.data.rondo", .srv).answers.count == 2)
        desk.effects = []
        desk.pass(.seconds(6))
        for number in 1...5 { desk.ready(number, number <= 2 ? .data : .router) }
        desk.pass(.seconds(4))
        #expect(!desk.checks.contains { $0.life.id == ServerID(20) })
        #expect(try desk.hosts("data.rondo") == [2, 3])
        #expect(desk.effects.contains(.noteRemoved(Desk.life(20), .expired)))
    }

    @Test func `a name with a port is asked when its lease runs out, like any server`() throws {
        var desk = try desk()
        #expect(try desk.update(client, [Lines.address(20, 99), Lines.text(20, "role=data", "peer=7")]) == .noError)
        desk.pass(.seconds(6))
        for number in 1...5 { desk.ready(number, number <= 2 ? .data : .router) }
        desk.effects = []
        desk.pass(.seconds(4))
        #expect(desk.checks.map(\.life) == [Desk.life(20)])
        desk.answerChecks()
        #expect(try desk.hosts("data.rondo") == [2, 3, 99])
        desk.effects = []
        for _ in 0..<2 {
            desk.pass(.seconds(5))
            for number in 1...5 { desk.ready(number, number <= 2 ? .data : .router) }
        }
        desk.failChecks()
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `an update takes a lease back, by name, by its address set or by the address`() throws {
        let name = try Lines.name(1)
        var exact = try Lines.address(1, 0)
        (exact.ttl, exact.recordClass) = (0, .none)
        exact.data = .unknown([127, 0, 1, 2])
        for record in [Lines.empty(name, .any, .any), Lines.empty(name, .a, .any), exact] {
            var desk = try desk()
            #expect(try desk.update(client, [record]) == .noError)
            #expect(try desk.hosts("data.rondo") == [3])
            #expect(try desk.ask(Desk.request(1)).outcome == .dead, "this life is over")
            #expect(try desk.update(client, [record]) == .noError, "nothing left to delete is no error")
        }
    }

    @Test func `deleting another address or text than there is changes nothing`() throws {
        var desk = try desk()
        var record = try Lines.address(1, 0)
        (record.ttl, record.recordClass, record.data) = (0, .none, .unknown([9, 9, 9, 9]))
        var text = try Lines.text(1)
        (text.ttl, text.recordClass, text.data) = (0, .none, .unknown([1, 0x78]))
        #expect(try desk.update(client, [record, text]) == .noError)
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `a new address is a new life, and a removed name comes back as its next one`() throws {
        var desk = try desk()
        #expect(try desk.update(client, [Lines.address(1, 77)]) == .noError)
        #expect(try desk.hosts("data.rondo") == [3, 77])
        #expect(desk.registry.leases(at: desk.now).first?.life == Desk.life(1, 2))
        #expect(try desk.update(client, [Lines.empty(Lines.name(1), .any, .any)]) == .noError)
        #expect(try desk.update(client, [Lines.address(1, 77), Lines.text(1, "role=router")]) == .noError)
        #expect(desk.registry.leases(at: desk.now).first?.life == Desk.life(1, 3))
        #expect(try desk.update(client, [Lines.text(1, "role=data", "incarnation=2")]) == .refused, "an older life")
    }

    @Test func `deleting and adding in one update replaces`() throws {
        var desk = try desk()
        let all = Lines.empty(try Lines.name(1), .any, .any)
        let records = [all, try Lines.text(1, "role=router", "peer=7700"), try Lines.address(1, 2)]
        #expect(try desk.update(client, records) == .noError)
        #expect(try desk.hosts("router.rondo") == [2, 4, 5, 6])
        #expect(try desk.hosts("data.rondo") == [3])
    }

    @Test func `what is not the lease of one server is refused, and nothing of it happens`() throws {
        let good = [try Lines.address(20, 99), try Lines.text(20, "role=data")]
        let strange = DNSRecord(try Lines.name(20), .aaaa, ttl: 5, .unknown([UInt8](repeating: 1, count: 16)))
        let own = try #require(DomainName("\(ServerID(0xFFFF)).server.rondo"))
        var cases: [[DNSRecord]] = [
            [good[0]], [good[1]], good + [strange], good + [try Lines.address(21, 98)],
            [DNSRecord(own, .a, ttl: 5, .address(HostAddress(6, 6, 6, 6)))], [Lines.empty(own, .any, .any)],
            [try Lines.address(20, 99), Lines.empty(try Lines.name(20), .txt, .any)],
            [Lines.empty(try Lines.name(1), .txt, .any)], [Lines.empty(try Lines.name(1), .aaaa, .any)],
        ]
        for name in ["data.rondo", "rondo", "new.rondo", "x.\(try Lines.name(20))", "_http._tcp.router.rondo"] {
            let name = try #require(DomainName(name))
            cases += [
                [DNSRecord(name, .a, ttl: 5, .address(HostAddress(6, 6, 6, 6)))], [Lines.empty(name, .any, .any)],
            ]
        }
        for words in [
            ["role=registry"], ["role=data", "role=data"], ["role=data", "peer=0"], ["role=data", "peer=x"],
            ["role=data", "colour=red"], ["role"], [""], ["role=data", "state=suspected"],
            ["role=data", "incarnation=-1"],
        ] {
            let text = DNSRecord(try Lines.name(20), .txt, ttl: 5, .text(words.map { Array($0.utf8) }))
            cases.append([good[0], text])
        }
        for records in cases {
            var desk = try desk()
            let before = desk.registry.leases(at: desk.now)
            #expect(try desk.update(client, records) == .refused, "\(records)")
            #expect(desk.registry.leases(at: desk.now) == before)
            #expect(desk.updateOutcomes == [.forbidden])
        }
    }

    @Test func `an update of another zone, or of names outside, is told so`() throws {
        var desk = try desk()
        #expect(try desk.update(client, [Lines.address(20, 9)], zone: "example.org") == .notAuthoritative)
        #expect(try desk.update(client, [Lines.address(20, 9)], zone: "data.rondo") == .notAuthoritative)
        let outside = DNSRecord(try #require(DomainName("example.org")), .a, ttl: 5, .address(HostAddress(1, 1, 1, 1)))
        #expect(try desk.update(client, [outside]) == .notZone)
        #expect(try desk.update(client, [], requiring: [Lines.empty(outside.name, .any, .any)]) == .notZone)
    }

    @Test func `rules of form come first`() throws {
        var desk = try desk()
        let name = try Lines.name(20)
        var aged = Lines.empty(name, .any, .any)
        aged.ttl = 1
        let any = DNSRecord(name, .any, ttl: 5, .unknown([1]))
        let transfer = DNSRecord(name, .axfr, ttl: 5, .unknown([1]))
        let chaos = DNSRecord(name, .a, ttl: 0, .unknown([]), recordClass: RecordClass(3))
        let filled = DNSRecord(name, .a, ttl: 0, .unknown([1, 2, 3, 4]), recordClass: .any)
        for record in [
            aged, any, transfer, chaos, filled, Lines.empty(name, .any, .none), Lines.empty(name, .a, .internet),
        ] {
            #expect(try desk.update(client, [record]) == .formatError, "\(record)")
        }
        for record in [aged, any, chaos, filled, Lines.empty(name, .a, .internet)] {
            #expect(try desk.update(client, [], requiring: [record]) == .formatError, "\(record)")
        }
        var zoneless = try client.update([Lines.address(20, 9)])
        zoneless.questions[0].type = .a
        #expect(try desk.dig(client.signed(zoneless, at: desk.wallSeconds)).header.code == .formatError)
    }

    @Test func `prerequisites are compared with the zone as RFC 2136 says`() throws {
        var desk = try desk()
        let (here, gone) = (try Lines.name(1), try Lines.name(20))
        let data = try #require(DomainName("data.rondo"))
        func address(_ name: DomainName, _ last: UInt8) -> DNSRecord {
            DNSRecord(name, .a, ttl: 0, .address(HostAddress(127, 0, 1, last)))
        }
        let cases: [([DNSRecord], ResponseCode)] = [
            ([Lines.empty(here, .any, .any)], .noError), ([Lines.empty(gone, .any, .any)], .nameError),
            ([Lines.empty(here, .a, .any)], .noError), ([Lines.empty(here, .srv, .any)], .noSuchSet),
            ([Lines.empty(gone, .any, .none)], .noError), ([Lines.empty(here, .any, .none)], .nameExists),
            ([Lines.empty(here, .srv, .none)], .noError), ([Lines.empty(here, .txt, .none)], .setExists),
            ([address(here, 2)], .noError), ([address(here, 3)], .noSuchSet), ([address(gone, 2)], .noSuchSet),
            ([address(data, 2), address(data, 3)], .noError), ([address(data, 2)], .noSuchSet),
            ([Lines.empty(data, .a, .any), Lines.empty(here, .any, .none)], .nameExists),
            ([Lines.empty(try #require(DomainName("rondo")), .soa, .any)], .noError),
            ([Lines.empty(try #require(DomainName("_tcp.data.rondo")), .any, .any)], .nameError),
        ]
        for (prerequisites, code) in cases {
            #expect(try desk.update(client, [], requiring: prerequisites) == code, "\(prerequisites)")
        }
        let text = try Lines.text(20, "role=data")
        let onlyNew = [Lines.empty(gone, .any, .none)]
        #expect(try desk.update(client, [Lines.address(20, 9), text], requiring: onlyNew) == .noError)
        #expect(try desk.update(client, [Lines.address(20, 8), text], requiring: onlyNew) == .nameExists)
        #expect(try desk.hosts("data.rondo") == [2, 3, 9])
    }

    @Test func `a registry that has just started cannot judge prerequisites, but takes leases`() throws {
        var desk = try Desk(keys: [client.key])
        let unknown = [Lines.empty(try Lines.name(20), .any, .none)]
        let records = [try Lines.address(20, 9), try Lines.text(20, "role=data")]
        #expect(try desk.update(client, records, requiring: unknown) == .serverFailure)
        #expect(try desk.update(client, records) == .noError)
        let soa = try desk.dig(Lines.name(21).description, .soa)
        #expect(soa.header.code == .noError && soa.authorities.map(\.type) == [.soa], "nsupdate learns the zone")
    }
}
