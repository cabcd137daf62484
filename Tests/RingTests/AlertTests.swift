import Model
import Testing

@testable import Ring

/// The alert, hop by hop, as server 1 sees it.
@Suite struct AlertTests {
    private func dead(_ number: UInt64) -> RosterEntry {
        var entry = server(number, role: number % 2 == 0 ? .router : .data)
        entry.state = .dead
        return entry
    }

    private func alerts(_ effects: [Ring.Effect]) -> [(to: UInt64, alert: Alert, id: Ring.MessageID)] {
        effects.sent.compactMap { if case .alert(let alert) = $0.message { ($0.to, alert, $0.id) } else { nil } }
    }

    private func foreign(_ origin: UInt64, about number: UInt64, hops: Int = 1, sequence: UInt64 = 1) -> Ring.Event {
        let alert = Alert(
            id: AlertID(origin: life(origin), sequence: sequence), failures: [dead(number)], epoch: .none, rows: [],
            counts: RoleCounts(), visited: 0, unheard: [], hops: hops)
        return .messageReceived(.alert(alert), from: life(5))
    }

    /// Server 1 of so many, which has found server 2 dead, and the alert that it sent.
    private func launched(_ count: UInt64 = 5) throws -> (Script, Alert) {
        var script = Script(servers: count)
        script.feed(.connectionClosed(life(2)))
        let alert = try #require(alerts(script.feed(.dialEnded(life(2), .refused))).first).alert
        return (script, alert)
    }

    /// The own alert as it comes back with these rows.
    private func back(_ alert: Alert, rows: [UInt64]) -> Ring.Event {
        var alert = alert
        alert.rows = rows.map { AlertRow(life: life($0), role: .data, address: .loopback, load: 0) }
        return .messageReceived(.alert(alert), from: life(rows.last ?? 1))
    }

    private func isManager(_ effects: [Ring.Effect]) -> Bool {
        effects.observations.contains { if case .becameManager = $0 { true } else { false } }
    }

    @Test func `Whose alert is back from all is manager, and tells the registry again`() throws {
        var (script, alert) = try launched()
        let effects = script.feed(back(alert, rows: [1, 3, 4, 5]))
        #expect(isManager(effects))
        #expect(effects.contains(.reportDeath(life(2))))
    }

    @Test func `An alert that missed a server makes no manager: rosters are exchanged and it goes again`() throws {
        var (script, alert) = try launched()
        let effects = script.feed(back(alert, rows: [1, 3, 5]))
        #expect(!isManager(effects))
        #expect(effects.sent.contains { if case .roster = $0.message { $0.to == 4 } else { false } })
        #expect(!alerts(script.wait(120)).isEmpty)
    }

    @Test func `An alert that went round twice makes no manager`() throws {
        var (script, alert) = try launched()
        #expect(!isManager(script.feed(back(alert, rows: [1, 4, 3, 5]))))
    }

    @Test func `An alert that does not come back is sent again`() throws {
        var (script, alert) = try launched()
        var again: [Alert] = []
        for _ in 0..<14 {
            again += alerts(script.wait(50)).map(\.alert)
            script.hear(3, 4, 5)
        }
        #expect(again.map(\.failures) == [alert.failures])
        #expect(again.first?.id != alert.id)
    }

    @Test func `An alert is passed on once, to the next server, with one's own row`() {
        var script = Script(servers: 5)
        let passed = alerts(script.feed(foreign(5, about: 4)))
        #expect(passed.map(\.to) == [2])
        #expect(passed.first?.alert.rows.map(\.life) == [life(1)])
        #expect(alerts(script.feed(foreign(5, about: 4))).isEmpty)
    }

    @Test func `An alert with more hops than two turns is dropped`() {
        var script = Script(servers: 5)
        #expect(alerts(script.feed(foreign(5, about: 4, hops: 17))).isEmpty)
    }

    @Test func `A round whose failures have all come back ends`() throws {
        var (script, _) = try launched()
        var back = server(2)
        back.incarnation = Incarnation(2)
        script.feed(.messageReceived(.changes([back], through: nil), from: life(2, 2)))
        var again = 0
        for _ in 0..<60 {
            again += alerts(script.wait(50)).count
            script.hear(3, 4, 5)
            script.feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(2, 2)))
        }
        #expect(again == 0)
        #expect(script.ring.rounds.own == nil)
    }

    @Test func `The alert of a larger origin ends in one's own`() throws {
        var (script, _) = try launched()
        #expect(alerts(script.feed(foreign(5, about: 4))).isEmpty)
        #expect(script.ring.rounds.own?.failures.keys.sorted() == [life(2), life(4)])
    }

    @Test func `The alert of a smaller origin goes on with the failures of both`() throws {
        var (script, _) = try launched()
        let passed = alerts(script.feed(foreign(0, about: 4)))
        #expect(passed.first?.alert.failures.map(\.life) == [life(2), life(4)])
        #expect(script.ring.rounds.own == nil)
    }

    @Test func `Who cannot deliver an alert to its origin takes it over`() throws {
        var script = Script(servers: 5)
        let passed = try #require(alerts(script.feed(foreign(2, about: 4))).first)
        #expect(passed.to == 2)
        let own = try #require(alerts(script.feed(.messageLost(passed.id, .timedOut))).first)
        #expect(own.alert.id.origin == life(1))
        #expect(own.to == 2 || own.to == 3)
    }

    @Test func `A round about the same failure is taken over once in ten seconds; meanwhile its taker decides alone`()
        throws
    {
        var script = Script(servers: 5)
        func lose(_ sequence: UInt64) throws -> [Ring.Effect] {
            let passed = try #require(alerts(script.feed(foreign(2, about: 4, sequence: sequence))).first)
            return script.feed(.messageLost(passed.id, .timedOut))
        }
        let own = try #require(alerts(try lose(1)).first).alert
        #expect(isManager(script.feed(back(own, rows: [1, 2, 3, 5]))))
        let effects = try lose(2)
        #expect(alerts(effects).isEmpty)
        #expect(isManager(effects))
        for _ in 0..<200 {
            script.wait(50)
            script.hear(2, 3, 5)
        }
        #expect(try !alerts(lose(3)).isEmpty)
    }

    @Test func `A manager fills the role that is short, and says so until it is done`() throws {
        var (script, alert) = try launched(3)
        var told = imbalances(script.feed(back(alert, rows: [1, 3])))
        #expect(told == [3])
        for _ in 0..<5 {
            told += imbalances(script.wait(50))
            script.hear(3)
        }
        #expect(told == [3, 3])
        var switched = server(3, role: .router)
        switched.version = 2
        script.feed(.messageReceived(.changes([switched], through: nil), from: life(3)))
        #expect(imbalances(script.wait(400)) == [])
    }

    private func imbalances(_ effects: [Ring.Effect]) -> [UInt64] {
        effects.sent.compactMap { if case .imbalance = $0.message { $0.to } else { nil } }
    }

    @Test func `An open instruction of another manager is waited for`() {
        func decisions(waitingFor other: Bool) -> Int {
            var script = Script(servers: 3)
            var changed = server(2, role: .data)
            changed.version = 2
            script.feed(.messageReceived(.changes([changed], through: nil), from: life(2)))
            let imbalance = Imbalance(
                epoch: Epoch(counter: 4, manager: ServerID(2)), base: 0, role: .router, takers: [ServerID(3)],
                isRebalancing: false)
            var count = 0
            for step in 0..<60 {
                if other, step % 10 == 0 { script.feed(.messageReceived(.imbalance(imbalance), from: life(2))) }
                count += script.wait(50).observations.count { if case .imbalanceSent = $0 { true } else { false } }
                script.hear(2, 3)
            }
            return count
        }
        #expect(decisions(waitingFor: false) > 0)
        #expect(decisions(waitingFor: true) == 0)
    }

    @Test func `Where nothing failed the servers look at the counts one after the other`() {
        let roster = Roster((1...5).map { server($0) })
        let times = (1...5).map { number -> Int64 in
            var ring = Ring(
                identity: Ring.Identity(entry: server(UInt64(number)), roleIsRemembered: true), roster: roster, seed: 1)
            var effects: [Ring.Effect] = []
            ring.handle(.started(contacts: []), at: .zero, into: &effects)
            var time: Int64 = 0
            for case .setTimer(let timer, let due) in effects where timer.kind == .roles {
                time = due.nanoseconds / 1_000_000
            }
            return time
        }
        #expect(times.sorted() == [1_000, 1_500, 2_000, 2_500, 3_000])
    }

    @Test func `A token that stands still for three seconds is made anew`() {
        var script = Script(servers: 3)
        var made: [Int] = []
        for step in 0..<70 {
            let observations = script.wait(50).observations
            if observations.contains(where: { if case .tokenMade = $0 { true } else { false } }) { made.append(step) }
            script.hear(2, 3)
        }
        #expect(made.count == 1)
        #expect(made.allSatisfy { $0 >= 58 })
    }
}

@Suite struct FlapsTests {
    private let configuration = Ring.Configuration()
    private let server = ServerID(7)

    private func second(_ number: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: number * 1_000_000_000) }

    @Test func `Three deaths in a minute damp a server for ten seconds, each further one for twice as long`() {
        var flaps = Flaps()
        for death in 0..<2 as Range<Int64> {
            flaps.died(server, at: second(death), configuration)
            flaps.returned(server, at: second(death))
            #expect(flaps.rest(of: server, at: second(death)) == nil)
        }
        var expected: [Int64] = []
        for death in 2..<9 as Range<Int64> {
            flaps.died(server, at: second(death), configuration)
            flaps.returned(server, at: second(death))
            expected.append((flaps.rest(of: server, at: second(death))?.milliseconds ?? 0) / 1_000)
            let (first, second) = (flaps.tell(server), flaps.tell(server))
            #expect(first && !second)
        }
        #expect(expected == [10, 20, 40, 80, 160, 300, 300])
        #expect(flaps.rest(of: server, at: second(8 + 300)) == nil)
    }

    @Test func `Deaths more than a minute apart damp nobody`() {
        var flaps = Flaps()
        for death in 0..<5 as Range<Int64> { flaps.died(server, at: second(death * 61), configuration) }
        flaps.returned(server, at: second(300))
        #expect(flaps.rest(of: server, at: second(300)) == nil)
    }

    @Test func `An observer tells a server that died again and again, until its entry says so`() {
        var script = Script(servers: 5)
        var told: [UInt64] = []
        for step in 1...3 as ClosedRange<UInt64> {
            script.feed(.connectionClosed(life(2, step)))
            script.feed(.dialEnded(life(2, step), .refused))
            let back = entry(2, incarnation: step + 1)
            told += dampings(script.feed(.messageReceived(.changes([back], through: nil), from: life(2, step + 1))))
        }
        #expect(told == [2])
        told = []
        for _ in 0..<6 {
            script.hear(3, 4, 5)
            script.feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(2, 4)))
            told += dampings(script.wait(200))
        }
        #expect(told == [2], "the message may have been lost")
    }

    private func dampings(_ effects: [Ring.Effect]) -> [UInt64] {
        effects.sent.compactMap { if case .damping = $0.message { $0.to } else { nil } }
    }

    private func entry(_ number: UInt64, incarnation: UInt64) -> RosterEntry {
        var entry = RingTests.server(number)
        (entry.incarnation, entry.startNonce) = (Incarnation(incarnation), 100 + incarnation)
        return entry
    }

    @Test func `A server that is told to rest says so at once, and counts again after the longest rest`() {
        var script = Script(servers: 5)
        script.feed(.messageReceived(.damping(milliseconds: 10_000), from: life(5)))
        script.feed(.messageReceived(.damping(milliseconds: 5_000), from: life(4)))
        #expect(script.ring.own.damped && script.ring.roster.decisiveCounts.total == 4)
        func live(_ seconds: Int) {
            for _ in 0..<seconds * 5 {
                script.wait(200)
                script.hear(2, 3, 4, 5)
            }
        }
        live(9)
        #expect(script.ring.own.damped)
        live(3)
        #expect(!script.ring.own.damped && script.ring.roster.decisiveCounts.total == 5)
    }

    @Test func `Where fewer than three steady servers are left all count`() {
        let entries = (1...5).map { number in
            var entry = RingTests.server(UInt64(number))
            entry.damped = number > 2
            return entry
        }
        #expect(Roster(entries).decisiveCounts.total == 5)
        #expect(Roster(entries.prefix(2) + entries.suffix(2)).decisiveCounts.total == 4)
        var third = entries[2]
        third.damped = false
        #expect(Roster(entries.prefix(2) + [third] + entries.suffix(2)).decisiveCounts.total == 3)
    }
}
