import Model
import Testing

@testable import Ring

/// How a server deals with deaths that others tell of, and with the dead that may live.
@Suite struct HealingTests {
    private func dead(_ number: UInt64) -> RosterEntry {
        var entry = server(number, role: number % 2 == 0 ? .router : .data)
        entry.state = .dead
        return entry
    }

    /// Server 1 of five, which has just found server 2 dead.
    private func afterDeath() -> Script {
        var script = Script(servers: 5)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .refused))
        return script
    }

    private func returned(_ number: UInt64) -> Ring.Event {
        var entry = server(number, role: .router)
        entry.incarnation = Incarnation(2)
        return .messageReceived(.changes([entry], through: nil), from: life(number, 2))
    }

    private func accused(_ effects: [Ring.Effect]) -> [UInt64] {
        effects.sent.compactMap { if case .accusation = $0.message { $0.to } else { nil } }
    }

    @Test func `The dead are pinged again, one a second`() {
        var script = afterDeath()
        var pings = 0
        for _ in 0..<100 {
            pings += script.wait(50).probes.count { $0.to == life(2) }
            script.hear(3, 4, 5)
        }
        #expect((4...6).contains(pings))
    }

    @Test func `Who is heard though it is held dead is told so`() {
        var script = afterDeath()
        let effects = script.feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(2)))
        #expect(accused(effects) == [2])
        #expect(script.state(2) == .dead)
    }

    @Test func `Nobody vouches for a dead server: it is asked itself`() {
        var script = afterDeath()
        let other = Roster([server(2, role: .router), server(3)])
        let effects = script.feed(.messageReceived(.roster(other, wantsAnswer: false), from: life(3)))
        #expect(accused(effects) == [2])
        #expect(script.state(2) == .dead)
    }

    @Test func `A death read in an exchanged roster is passed to the accused first`() {
        var script = Script(servers: 5)
        let effects = script.feed(
            .messageReceived(.roster(Roster([dead(4), server(3)]), wantsAnswer: false), from: life(3)))
        #expect(accused(effects) == [4])
        #expect(script.state(4) == .alive)
    }

    /// It has refuted what others asked it before.
    @Test func `A later life that answers in the place of the accused lets the death not stand`() throws {
        var script = Script(servers: 5)
        let told = Ring.Event.messageReceived(.roster(Roster([dead(4), server(3)]), wantsAnswer: false), from: life(3))
        let question = try #require(script.feed(told).sent.first { $0.to == 4 })
        script.feed(.messageLost(question.id, .answeredBy(life(4, 2))))
        #expect(script.state(4) == .alive)
        // Another server at its address is no answer.
        let again = try #require(script.feed(told).sent.first { $0.to == 4 })
        script.feed(.messageLost(again.id, .answeredBy(life(9))))
        #expect(script.state(4) == .dead)
    }

    @Test func `So is one that is told by a server which was held dead a moment ago`() {
        var script = afterDeath()
        script.feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(2)))
        script.feed(returned(2))
        #expect(script.state(2) == .alive)
        let effects = script.feed(.messageReceived(.changes([dead(4)], through: nil), from: life(2, 2)))
        #expect(accused(effects) == [4])
        #expect(script.state(4) == .alive)
        script = Script(servers: 5)
        script.feed(.messageReceived(.changes([dead(4)], through: nil), from: life(2)))
        #expect(script.state(4) == .dead)
    }

    @Test func `For a second after a return no alert is sent`() {
        var script = afterDeath()
        script.feed(returned(2))
        script.feed(.connectionClosed(life(3)))
        func alerts(_ effects: [Ring.Effect]) -> Int {
            effects.sent.count { if case .alert = $0.message { true } else { false } }
        }
        #expect(alerts(script.feed(.dialEnded(life(3), .refused))) == 0)
        var sent = 0
        for _ in 0..<19 {
            sent += alerts(script.wait(50))
            for number in [4, 5] as [UInt64] { script.hear(number) }
            script.feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(2, 2)))
        }
        #expect(sent == 0)
        #expect(alerts(script.wait(60)) == 1)
    }

    @Test func `Another digest in two heartbeats 100 ms apart starts an exchange`() {
        var script = Script(servers: 3)
        let ping = Probe(kind: .ping, from: life(2), to: life(1), sequence: 4, digest: 42, epoch: .none, token: .none)
        func offered(_ effects: [Ring.Effect]) -> [UInt64] {
            effects.sent.compactMap { if case .roster = $0.message { $0.to } else { nil } }
        }
        let endpoint = server(2).peerEndpoint
        #expect(offered(script.feed(.probeReceived(ping, from: endpoint))) == [])
        script.wait(110)
        #expect(offered(script.feed(.probeReceived(ping, from: endpoint))) == [2])
    }

    @Test func `A contact that is not in the roster is asked, one that is in it is not`() {
        var script = Script(servers: 3)
        let contacts = [2, 9].map { Ring.Contact(endpoint: server($0).peerEndpoint, life: life($0)) }
        let asked = script.feed(.contactsLearnt(contacts)).sent.filter {
            if case .join = $0.message { true } else { false }
        }
        #expect(asked.map(\.to) == [9])
    }

    @Test func `An unconfirmed death is not told to a server that misses answers itself`() {
        var script = Script(servers: 6)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .timedOut))
        var told: Set<UInt64> = []
        for _ in 0..<7 {
            for message in script.wait(50).sent {
                if case .changes = message.message { told.insert(message.to) }
            }
            script.hear(4, 5, 6)
        }
        #expect(script.ring.roster[life(2).id]?.unconfirmed == true)
        #expect(told == [4, 5, 6])
    }

    @Test func `Who was away itself does not say that another is silent`() throws {
        var script = Script(servers: 6)
        let endpoint = server(4).peerEndpoint
        script.feed(.messageReceived(.probeRequest(subject: life(4), at: endpoint), from: life(6)))
        let timer = try #require(script.timers[.inquiry(life(4))]?.timer)
        script.freeze(5_000)
        #expect(script.feed(.timerFired(timer)).sent.isEmpty)
    }

    @Test func `In a large ring a part of the tree whose first server is lost goes to the next`() throws {
        var script = Script(servers: 100)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .refused))
        let branches = script.wait(25).sent.filter { if case .changes = $0.message { true } else { false } }
        #expect(branches.count == 8)
        let first = try #require(branches.first)
        let next = script.feed(.messageLost(first.id, .timedOut)).sent
        #expect(next.map(\.to) == [first.to + 1])
    }
}
