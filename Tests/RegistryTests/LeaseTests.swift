import Model
import Testing

@testable import Registry

@Suite struct LeaseTests {
    @Test func `five servers that start at the same instant become two Data and three Routers`() throws {
        var desk = try Desk()
        var roles = RoleCounts()
        for number in 1...5 {
            let answer = try desk.ask(Desk.request(number))
            #expect(answer.outcome == .granted)
            #expect(answer.counts.total == number - 1)
            #expect(answer.contacts.count == number - 1)
            roles[try #require(answer.role)] += 1
        }
        #expect(roles == RoleCounts(data: 2, router: 3))
    }

    @Test func `an answer says when to renew and leaves the asker out of the counts`() throws {
        var desk = try Desk.withFive()
        let answer = try desk.ask(Desk.request(1, 2))
        #expect(answer.leaseMs == 10_000 && answer.renewMs == 250, "one that starts will soon have more to say")
        #expect(desk.ready(1, .data, incarnation: 2)?.renewMs == 3_000)
        #expect(answer.counts == RoleCounts(data: 1, router: 3))
        #expect(answer.role == .data)
        #expect(Set(answer.contacts.map(\.life)) == Set((2...5).map { Desk.life($0) }))
    }

    @Test(
        arguments: [
            (nil, nil, nil, Role.data), (Role.router, nil, nil, .router), (.router, .data, nil, .router),
            (nil, .router, .data, .router), (nil, nil, .router, .router),
        ] as [(Role?, Role?, Role?, Role)])
    func `what a server holds goes before what it wants, and that before what it remembers`(
        held: Role?, wanted: Role?, remembered: Role?, expected: Role
    ) throws {
        var desk = try Desk()
        var request = Desk.request(1)
        (request.held, request.wanted, request.remembered) = (held, wanted, remembered)
        #expect(try desk.ask(request).role == expected)
    }

    @Test func `a server that asks again because the answer was lost gets the same role`() throws {
        var desk = try Desk()
        #expect(try desk.ask(Desk.request(1)).role == .data)
        #expect(try desk.ask(Desk.request(2)).role == .router)
        #expect(try desk.ask(Desk.request(1)).role == .data)
    }

    @Test func `a lease without an address is for the address it came from`() throws {
        var desk = try Desk.withFive()
        var request = Desk.request(6)
        request.address = .any
        desk.handle(.leaseRequested(request, from: HostAddress(10, 0, 0, 6)))
        #expect(desk.registry.leases(at: desk.now).last?.record.address == HostAddress(10, 0, 0, 6))
    }

    @Test func `a lease that runs out makes the registry ask the server, whose answer renews it`() throws {
        var desk = try Desk.withFive()
        for _ in 0..<3 {
            desk.pass(.seconds(3))
            for number in 2...5 { desk.ready(number, number <= 2 ? .data : .router) }
        }
        #expect(desk.checks.isEmpty)
        desk.pass(.seconds(1))
        #expect(desk.checks.map(\.life) == [Desk.life(1)])
        desk.answerChecks()
        #expect(try desk.hosts("data.rondo") == [2, 3])
        #expect(desk.registry.leases(at: desk.now).first?.remainingMs == 10_000)
    }

    @Test func `a server that lets its lease run out and does not answer is removed`() throws {
        var desk = try Desk.withFive()
        for _ in 0..<3 {
            desk.pass(.seconds(3))
            for number in 2...5 { desk.ready(number, number <= 2 ? .data : .router) }
        }
        desk.pass(.seconds(1))
        #expect(desk.checks.map(\.life) == [Desk.life(1)])
        #expect(try desk.hosts("data.rondo") == [3], "a suspected server is listed only if nobody else is left")
        desk.failChecks()
        #expect(desk.effects.contains(.noteRemoved(Desk.life(1), .expired)))
        #expect(try desk.hosts("server.rondo") == [1, 3, 4, 5, 6])
    }

    @Test func `a check that never comes back has failed`() throws {
        var desk = try Desk.withFive()
        desk.pass(.seconds(2))
        desk.report(1)
        desk.pass(.milliseconds(99))
        #expect(!desk.effects.contains(.noteRemoved(Desk.life(1), .reportedDead)))
        desk.pass(.milliseconds(1))
        #expect(desk.effects.contains(.noteRemoved(Desk.life(1), .reportedDead)))
    }

    @Test func `a server that leaves is gone at once, and its life cannot come back`() throws {
        var desk = try Desk.withFive()
        desk.handle(.leaseReleased(Desk.life(3)))
        #expect(try desk.hosts("router.rondo") == [5, 6])
        let answer = try desk.ask(Desk.request(3))
        #expect(answer.outcome == .dead && answer.least == Incarnation(2))
        #expect(try desk.ask(Desk.request(3, 2)).outcome == .granted)
    }

    @Test func `a removal is forgotten after a minute`() throws {
        var desk = try Desk.withFive()
        desk.handle(.leaseReleased(Desk.life(3)))
        for _ in 0..<20 {
            #expect(desk.registry.entries[ServerID(3)] != nil)
            desk.pass(.seconds(3))
            for number in [1, 2, 4, 5] { desk.ready(number, number <= 2 ? .data : .router) }
        }
        #expect(desk.registry.entries[ServerID(3)] == nil)
        #expect(desk.registry.order.count == 4)
    }

    @Test func `an older life of a server cannot take the lease of its later one`() throws {
        var desk = try Desk.withFive()
        desk.ready(1, .data, incarnation: 7)
        #expect(desk.effects.contains(.noteRemoved(Desk.life(1), .superseded)))
        let answer = try desk.ask(Desk.request(1, 3))
        #expect(answer.outcome == .dead && answer.least == Incarnation(8))
    }

    @Test func `the highest incarnation there is does not stop the registry`() throws {
        var desk = try Desk.withFive()
        #expect(try desk.ask(Desk.request(6, .max)).outcome == .granted)
        #expect(try desk.ask(Desk.request(6, 1)).outcome == .dead)
        desk.report(6, .max)
        desk.failChecks()
        #expect(try desk.ask(Desk.request(6, .max)).least == Incarnation(.max))
    }

    @Test func `a new server at another one's address makes the registry ask who lives there`() throws {
        var desk = try Desk.withFive()
        var request = Desk.request(6)
        request.address = HostAddress(127, 0, 1, 2)
        #expect(try desk.ask(request).outcome == .granted)
        let check = try #require(desk.checks.first)
        #expect(check.life == Desk.life(1))
        desk.handle(.checkAnswered(number: check.number, by: Desk.life(6)))
        #expect(desk.effects.contains(.noteRemoved(Desk.life(1), .superseded)))
    }

    @Test func `where the old server still lives at a contested address the new one is asked`() throws {
        var desk = try Desk.withFive()
        var request = Desk.request(6)
        request.address = HostAddress(127, 0, 1, 2)
        #expect(try desk.ask(request).outcome == .granted)
        desk.answerChecks()
        #expect(desk.checks.map(\.life) == [Desk.life(1), Desk.life(6)])
        desk.failChecks()
        #expect(desk.registry.leases(at: desk.now).map(\.life) == (1...5).map { Desk.life($0) })
    }

    @Test func `whoever has moved away is asked at its new address, and no more about its old one`() throws {
        var desk = try Desk.withFive()
        var moved = Desk.request(1, 2)
        moved.address = HostAddress(127, 0, 1, 99)
        #expect(try desk.ask(moved).outcome == .granted)
        var newcomer = Desk.request(6)
        newcomer.address = HostAddress(127, 0, 1, 2)
        #expect(try desk.ask(newcomer).outcome == .granted)
        #expect(desk.checks.isEmpty)
        var other = Desk.request(7)
        other.address = moved.address
        #expect(try desk.ask(other).outcome == .granted)
        #expect(desk.checks.map(\.life) == [Desk.life(1, 2)])
    }

    @Test func `one life at two addresses is a conflict until the first is asked`() throws {
        var desk = try Desk.withFive()
        var request = Desk.request(1)
        request.address = HostAddress(127, 0, 1, 99)
        #expect(try desk.ask(request).outcome == .conflict)
        desk.failChecks()
        #expect(try desk.ask(request).outcome == .dead)
        request.life = Desk.life(1, 2)
        #expect(try desk.ask(request).outcome == .granted)
    }

    @Test func `a registry holds a bounded number of leases`() throws {
        var desk = try Desk()
        for number in 1...Registry.maximumEntries {
            desk.registry.store(
                RegistryEntry(
                    life: Desk.life(number), content: .removed(.left), end: desk.now + .seconds(60), renewed: desk.now))
        }
        #expect(try desk.ask(Desk.request(250)).outcome == .dead)
        var request = Desk.request(1)
        request.life = ServerLife(id: ServerID(1 << 100), incarnation: Incarnation(1))
        #expect(try desk.ask(request).outcome == .full)
    }
}
