import Model
import Testing

@testable import Ring

/// How a server of a large ring tells what it knows while many begin another life at once.
@Suite struct GatheringTests {
    /// Server 50 of a hundred, of which sixteen are back in a later life, as server 51 says. The gatherer of all ids
    /// that are so small is server 1.
    private func inRush() -> Script {
        var script = Script(servers: 100, as: 50)
        script.feed(.messageReceived(.part(returned(60...75), of: [], wantsAnswer: false), from: life(51)))
        return script
    }

    private func returned(_ numbers: ClosedRange<UInt64>) -> [RosterEntry] {
        numbers.map { number in
            var entry = server(number, role: number % 2 == 0 ? .router : .data)
            entry.incarnation = Incarnation(2)
            return entry
        }
    }

    private func handed(_ effects: [Ring.Effect]) -> [UInt64] {
        effects.sent.compactMap { if case .part = $0.message { $0.to } else { nil } }
    }

    private func told(_ effects: [Ring.Effect]) -> Int {
        effects.sent.count { if case .changes = $0.message { true } else { false } }
    }

    @Test func `In a rush what lives is handed to its gatherer, together and a little later`() {
        var script = inRush()
        #expect(script.wait(90).sent.isEmpty)
        let effects = script.wait(20)
        #expect(handed(effects) == [1])
        #expect(told(effects) == 0)
        var few = Script(servers: 100, as: 50)
        few.feed(.messageReceived(.part(returned(60...62), of: [], wantsAnswer: false), from: life(51)))
        #expect(told(few.wait(30)) == 8)
    }

    @Test func `The gatherer itself tells everybody`() {
        var script = Script(servers: 100)
        script.feed(.messageReceived(.part(returned(60...75), of: [], wantsAnswer: false), from: life(51)))
        let effects = script.wait(110)
        #expect(handed(effects) == [])
        #expect(told(effects) == 8)
    }

    @Test func `What a gatherer does not take is told by its sender`() throws {
        var script = inRush()
        let message = try #require(script.wait(110).sent.first { if case .part = $0.message { true } else { false } })
        #expect(told(script.feed(.messageLost(message.id, .timedOut))) == 8)
    }

    @Test func `A gatherer in a later life is handed it again`() throws {
        var script = inRush()
        let message = try #require(script.wait(110).sent.first { if case .part = $0.message { true } else { false } })
        let effects = script.feed(.messageLost(message.id, .answeredBy(life(1, 2))))
        #expect(told(effects) == 0)
        script.feed(.messageReceived(.changes(returned(1...1), through: nil), from: life(1, 2)))
        #expect(handed(script.wait(110)) == [1])
    }

    @Test func `What others tell meanwhile is not told again`() {
        var script = inRush()
        script.feed(.messageReceived(.changes(returned(60...75), through: life(50).id), from: life(49)))
        let effects = script.wait(110)
        #expect(handed(effects) == [])
        #expect(told(effects) == 0)
    }

    @Test func `A death in a rush is told as soon as ever`() {
        var script = inRush()
        script.feed(.connectionClosed(life(51)))
        script.feed(.dialEnded(life(51), .refused))
        #expect(told(script.wait(30)) == 8)
    }

    @Test func `A branch of the tree whose first server goes on in a later life is sent to that life`() throws {
        var script = Script(servers: 100)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .refused))
        let branches = script.wait(25).sent.filter { if case .changes = $0.message { true } else { false } }
        let second = try #require(branches.dropFirst().first)
        let effects = script.feed(.messageLost(second.id, .answeredBy(life(second.to, 2))))
        let again = effects.sent.filter { if case .changes = $0.message { true } else { false } }
        #expect(again.map(\.to) == [second.to])
    }

    @Test func `A large ring's server begins one exchange in 100 ms`() {
        var script = Script(servers: 100)
        func begun(_ effects: [Ring.Effect]) -> Int {
            effects.sent.count { if case .digests = $0.message { true } else { false } }
        }
        var exchanges = 0
        for _ in 0..<2 {
            for number in [99, 100] as [UInt64] {
                let beat = Probe(
                    kind: .heartbeat, from: life(number), to: life(1), sequence: 4, digest: 42, epoch: .none,
                    token: .none)
                exchanges += begun(script.feed(.probeReceived(beat, from: server(number).peerEndpoint)))
            }
            script.wait(110)
        }
        #expect(exchanges == 1)
    }
}
