import Model
import Testing

@testable import Ring

@Suite struct StuckDiskTests {
    /// A full or hung disk never says that an incarnation is stored.
    @Test func `A server whose disk never answers goes on with all that needs no new incarnation`() {
        var script = Script(servers: 5)
        var accusation = script.ring.own
        accusation.state = .dead
        let asked = script.feed(.messageReceived(.accusation(accusation), from: life(3)))
        #expect(asked.contains(.persist(Incarnation(2))))
        var beats: [Probe] = []
        for _ in 0..<20 {
            beats += script.wait(100).heartbeats
            script.hear(2, 3)
        }
        #expect(beats.count >= 16 && beats.allSatisfy { $0.from == life(1) })
        script.feed(.connectionClosed(life(2)))
        let died = script.feed(.dialEnded(life(2), .refused))
        #expect(died.sent.contains { if case .changes = $0.message { $0.to == 4 } else { false } })
        #expect(died.sent.contains { if case .alert = $0.message { true } else { false } })
        #expect(script.ring.links.successor == life(3))
        // Said once more, of a higher life: a higher one is asked for.
        accusation.incarnation = Incarnation(5)
        let again = script.feed(.messageReceived(.accusation(accusation), from: life(3)))
        #expect(again.contains(.persist(Incarnation(6))))
    }
}
