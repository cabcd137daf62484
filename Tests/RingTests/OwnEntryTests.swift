import Model
import Testing

@testable import Ring

@Suite struct OwnEntryTests {
    private func accusation(_ incarnation: UInt64 = 1) -> Ring.Event {
        var entry = server(1)
        entry.incarnation = Incarnation(incarnation)
        entry.state = .dead
        return .messageReceived(.accusation(entry), from: life(2))
    }

    @Test func `A higher incarnation is used only once it is on disk`() {
        var script = Script(servers: 3)
        #expect(script.feed(accusation()).contains(.persist(Incarnation(2))))
        #expect(script.ring.own.incarnation == Incarnation(1))
        #expect(script.wait(100).probes.allSatisfy { $0.from == life(1) })
        let effects = script.feed(.incarnationPersisted(Incarnation(2)))
        #expect(script.ring.own.incarnation == Incarnation(2))
        let told = effects.sent.filter { if case .changes = $0.message { true } else { false } }
        #expect(Set(told.map(\.to)) == [2, 3])
    }

    @Test func `An accusation of an earlier life is answered with the present entry and no new incarnation`() {
        var script = Script(servers: 3)
        script.feed(accusation())
        script.feed(.incarnationPersisted(Incarnation(2)))
        let effects = script.feed(accusation())
        #expect(effects.sent.contains { $0.to == 2 && $0.message == .changes([script.ring.own], through: nil) })
        #expect(!effects.contains(.persist(Incarnation(3))))
    }

    @Test func `Many accusers cost one incarnation`() {
        var script = Script(servers: 3)
        script.feed(accusation())
        #expect(!script.feed(accusation()).contains { if case .persist = $0 { true } else { false } })
    }

    @Test func `The registry's word about this life counts, in whatever name it comes`() {
        var script = Script(servers: 3)
        var entry = server(1)
        entry.incarnation = Incarnation(4)
        entry.state = .dead
        #expect(script.feed(.messageReceived(.accusation(entry), from: life(1))).contains(.persist(Incarnation(5))))
    }

    @Test func `A second process with this id and a higher incarnation that answers ends this one`() {
        var script = Script(servers: 3)
        var twin = server(1)
        twin.incarnation = Incarnation(5)
        twin.startNonce = 77
        twin.host = HostAddress(10, 0, 0, 50)
        let effects = script.feed(.messageReceived(.changes([twin], through: nil), from: life(2)))
        #expect(effects.contains(.dial(twin.life, at: twin.peerEndpoint, within: .milliseconds(150))))
        var gone = script
        #expect(
            script.feed(.dialEnded(twin.life, .answered(twin.life))).contains(
                .stop(.duplicateIdentity(twin.peerEndpoint))))
        #expect(gone.feed(.dialEnded(twin.life, .refused)).contains(.persist(Incarnation(6))))
    }

    @Test func `A death of a server heard a moment ago is passed to the accused first`() {
        var script = Script(servers: 5)
        script.hear(4)
        var dead = server(4, role: .router)
        dead.state = .dead
        let effects = script.feed(.messageReceived(.changes([dead], through: nil), from: life(3)))
        #expect(script.state(4) == .alive)
        let accusation = effects.sent.first { $0.message == .accusation(dead) }
        #expect(accusation?.to == 4)
        if let id = accusation?.id { script.feed(.messageLost(id, .refused)) }
        #expect(script.state(4) == .dead)
    }

    @Test func `A leave is announced, and ends when the farewell has arrived`() {
        var script = Script(servers: 3)
        script.feed(.leaveRequested)
        #expect(script.ring.own.leaving)
        #expect(script.ring.own.isPresent)
        let farewell = script.feed(.leaveCompleted).sent
        #expect(script.ring.own.state == .left)
        var effects: [Ring.Effect] = []
        for message in farewell { effects += script.feed(.messageAcknowledged(message.id, by: life(message.to))) }
        #expect(effects.contains(.stop(.left)))
    }

    @Test func `A leave that nobody hears ends after 300 ms`() {
        var script = Script(servers: 3)
        script.feed(.leaveRequested)
        script.feed(.leaveCompleted)
        #expect(!script.wait(290).contains(.stop(.left)))
        #expect(script.wait(20).contains(.stop(.left)))
    }

    @Test func `A contact that fails is followed by the next`() throws {
        var ring = Ring(identity: Ring.Identity(entry: server(1), roleIsRemembered: false), seed: 1)
        var effects: [Ring.Effect] = []
        let contacts = [2, 3].map { Ring.Contact(endpoint: server($0).peerEndpoint, life: nil) }
        ring.handle(.started(contacts: contacts), at: .zero, into: &effects)
        #expect(effects.sent.map(\.to) == [2])
        let first = try #require(effects.sent.first)
        effects = []
        ring.handle(.messageLost(first.id, .refused), at: .zero, into: &effects)
        var timer: Ring.Timer?
        for case .setTimer(let set, _) in effects where set.kind == .join { timer = set }
        effects = []
        ring.handle(.timerFired(try #require(timer)), at: .zero + .milliseconds(50), into: &effects)
        #expect(effects.sent.map(\.to) == [3])
        #expect(!ring.hasJoined)
        effects = []
        ring.handle(
            .messageReceived(.roster(Roster([server(3)]), wantsAnswer: false), from: life(3)), at: .zero, into: &effects
        )
        #expect(ring.hasJoined)
    }
}
