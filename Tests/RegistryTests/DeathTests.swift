import Model
import Testing

@testable import Registry

@Suite struct DeathTests {
    @Test func `a reported server with a fresh lease is asked, and hidden while others are there`() throws {
        var desk = try Desk.withFive()
        desk.report(1)
        #expect(desk.checks.map(\.life) == [Desk.life(1)])
        #expect(try desk.hosts("data.rondo") == [3])
        desk.answerChecks()
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `a reported server that does not answer is removed`() throws {
        var desk = try Desk.withFive()
        desk.report(1)
        desk.failChecks()
        #expect(desk.effects.contains(.noteRemoved(Desk.life(1), .reportedDead)))
        #expect(try desk.hosts("data.rondo") == [3])
        #expect(try desk.dig("\(ServerID(1)).server.rondo").header.code == .nameError)
    }

    @Test func `a reported server whose lease is not fresh is removed at once`() throws {
        var desk = try Desk.withFive()
        desk.pass(.seconds(3))
        desk.report(1)
        #expect(desk.checks.isEmpty)
        #expect(try desk.hosts("data.rondo") == [3])
    }

    @Test func `an answer of another life or another server is no sign of life`() throws {
        for answerer in [Desk.life(1, 2), Desk.life(7)] {
            var desk = try Desk.withFive()
            desk.report(1)
            desk.handle(.checkAnswered(number: desk.checks[0].number, by: answerer))
            #expect(try desk.hosts("data.rondo") == [3])
        }
    }

    @Test func `an answer to a question that is over counts for nothing`() throws {
        var desk = try Desk.withFive()
        desk.report(1)
        let first = desk.checks[0].number
        desk.pass(.milliseconds(150))
        #expect(try desk.hosts("data.rondo") == [3])
        desk.handle(.checkAnswered(number: first, by: Desk.life(1)))
        desk.handle(.checkAnswered(number: 999, by: Desk.life(1)))
        #expect(try desk.hosts("data.rondo") == [3])
    }

    @Test func `a renewal that was under way when its server died does not save it`() throws {
        var desk = try Desk.withFive()
        desk.report(1)
        desk.ready(1, .data)
        #expect(try desk.hosts("data.rondo") == [3])
        desk.failChecks()
        #expect(try desk.hosts("data.rondo") == [3])
        #expect(desk.registry.leases(at: desk.now).count == 4)
    }

    @Test func `the only server of its role stays listed while it is suspected`() throws {
        var desk = try Desk()
        desk.pass(.seconds(4))
        desk.ready(1, .data, ringSize: 2)
        desk.ready(3, .router, ringSize: 2)
        desk.report(3, confirmed: false)
        #expect(try desk.hosts("router.rondo") == [4])
        desk.failChecks()
        #expect(try desk.hosts("router.rondo") == [4], "a suspicion removes nobody")
        desk.ready(3, .router, ringSize: 2)
        #expect(desk.registry.leases(at: desk.now).last?.standing == .good)
    }

    @Test func `a death that comes before the dead server's lease keeps its life out`() throws {
        var desk = try Desk.withFive()
        desk.report(6)
        #expect(try desk.ask(Desk.request(6)).outcome == .dead)
        #expect(try desk.ask(Desk.request(6, 2)).outcome == .granted)
    }

    @Test func `a report about an older life says nothing about the present one`() throws {
        var desk = try Desk.withFive()
        desk.ready(1, .data, incarnation: 5)
        desk.report(1, 4)
        #expect(desk.checks.isEmpty)
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `two sides of a split that accuse each other remove nobody who answers`() throws {
        var desk = try Desk.withFive()
        for number in 1...5 { desk.report(number) }
        #expect(desk.checks.count == 5)
        #expect(try desk.hosts("data.rondo") == [2, 3])
        desk.answerChecks()
        #expect(desk.registry.leases(at: desk.now).allSatisfy { $0.standing == .good })
        #expect(try desk.hosts("router.rondo") == [4, 5, 6])
    }

    @Test func `when all leases run out at once the roles are served stale, for an hour at most`() throws {
        var desk = try Desk.withFive()
        desk.pass(.seconds(11))
        desk.failChecks()
        #expect(try desk.hosts("data.rondo") == [2, 3])
        let answer = try desk.dig("router.rondo")
        #expect(answer.answers.count == 3)
        #expect(answer.additionals.first?.data == .unknown([0, 15, 0, 2, 0, 3]), "EDE 3, Stale Answer")
        desk.pass(.seconds(3580))
        #expect(try desk.hosts("data.rondo") == [2, 3])
        desk.pass(.seconds(20))
        #expect(try desk.hosts("data.rondo").isEmpty)
    }

    @Test func `a stale server goes out of the answers as soon as its role has somebody again`() throws {
        var desk = try Desk.withFive()
        desk.pass(.seconds(11))
        desk.failChecks()
        desk.ready(2, .data)
        #expect(try desk.hosts("data.rondo") == [3])
        #expect(try desk.dig("data.rondo").additionals.first?.data == .unknown([]))
        desk.ready(1, .data)
        #expect(try desk.hosts("data.rondo") == [2, 3], "it comes back under its old life")
        #expect(try desk.hosts("router.rondo") == [4, 5, 6])
    }

    @Test func `a pause of the registry itself empties nothing`() throws {
        var desk = try Desk.withFive()
        desk.now = desk.now + .seconds(3600)
        #expect(try desk.hosts("data.rondo") == [2, 3])
        #expect(desk.checks.count == 5)
        desk.now = desk.now - .seconds(7200)
        desk.answerChecks()
        #expect(try desk.hosts("router.rondo") == [4, 5, 6])
    }

    @Test func `a ring of one is found under both roles`() throws {
        var desk = try Desk()
        desk.pass(.seconds(4))
        desk.ready(1, .data, ringSize: 1)
        #expect(try desk.hosts("router.rondo") == [2])
        #expect(try desk.hosts("server.rondo") == [1, 2])
        desk.ready(1, .data, ringSize: 2)
        desk.ready(3, .router, ringSize: 2)
        #expect(try desk.hosts("router.rondo") == [4])
        #expect(try desk.hosts("data.rondo") == [2])
    }

    @Test func `the counts are right whatever has happened`() throws {
        var desk = try Desk()
        var random = SeededGenerator(seed: 11)
        for _ in 0..<5_000 {
            let number = Int.random(in: 1...12, using: &random)
            let incarnation = UInt64.random(in: 1...4, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: desk.report(number, incarnation, confirmed: Bool.random(using: &random))
            case 1: desk.handle(.leaseReleased(Desk.life(number, incarnation)))
            case 2: desk.answerChecks()
            case 3: desk.failChecks()
            case 4: desk.pass(.seconds(Int.random(in: 0...6, using: &random)))
            default: desk.ready(number, Bool.random(using: &random) ? .data : .router, incarnation: incarnation)
            }
            desk.effects = desk.effects.suffix(8)
            var counts = RoleCounts()
            for entry in desk.registry.entries.values where entry.standing != .lapsed {
                if let role = entry.record?.role { counts[role] += 1 }
            }
            #expect(desk.registry.counts == counts)
            #expect(desk.registry.order == desk.registry.entries.keys.sorted())
            #expect(desk.registry.timer <= desk.registry.nextSweep)
            #expect(desk.registry.entries.values.allSatisfy { $0.attention >= desk.registry.nextSweep })
            #expect(desk.registry.checks.allSatisfy { desk.registry.entries[$0.value]?.check?.number == $0.key })
        }
    }
}
