import Linux
import Model
import Peers
import Platform
import Testing
import TestTools
import Wire

@testable import Node

@Suite(.serialized) struct HealthTests {
    /// A server that answers with its figures and remembers what it was told.
    @Loop
    private final class Other {
        let node: StorageNode
        var under = 0
        private(set) var questions = 0
        private(set) var told: Health.Summary?

        init(_ node: StorageNode) {
            self.node = node
            node.peers.handle(.summary) { [unowned self] request in
                questions += 1
                told = try? WireJSON.decode(Health.Summary.self, from: request.header)
                var own = Health.Summary(under: under, lost: [], lostCount: 0, moving: under, secondsLeft: under * 10)
                if told?.wantsPlaying == true { own.playing = [chunk(2).hash] }
                return .success(PeerReply(header: WireJSON.encode(own)))
            }
        }
    }

    @Loop
    private final class Own {
        var under = 0

        func summary() -> Health.Summary { Health.Summary(under: under, lost: [], lostCount: 0) }
    }

    @Loop
    private func health(in cluster: StorageCluster, _ own: Own) -> Health {
        let node = cluster.nodes[0]
        return Health(
            peers: node.peers, ring: node.ring, clock: node.clock, interval: .milliseconds(20),
            own: { own.summary() }, playing: { [chunk(1).hash] }, isLostHere: { _ in false })
    }

    @Test func `a quiet server asks one other at a time, and tells all when its figures change`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(6, data: 3)
            let others = cluster.nodes.dropFirst().map(Other.init)
            let own = Own()
            let health = health(in: cluster, own)
            own.under = 3
            health.start()
            #expect(await becomes { others.allSatisfy { $0.told?.under == 3 } })
            let before = others.map(\.questions)
            #expect(await becomes { others[0].questions >= before[0] + 4 })
            // All had their turn equally often, one after the other.
            for (other, number) in zip(others, before) { #expect((3...5).contains(other.questions - number)) }
            own.under = 0
            #expect(await becomes { others.allSatisfy { $0.told?.under == 0 } })
            health.stop()
            cluster.stop()
        }
    }

    @Test func `figures of the others count as long as they are members`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 2)
            let others = cluster.nodes.dropFirst().map(Other.init)
            let health = health(in: cluster, Own())
            others[0].under = 5
            others[1].under = 2
            health.start()
            #expect(await becomes { health.under == 7 })
            others[1].under = 4
            #expect(await becomes { health.under == 9 })
            // Copies add up, and the slowest server says how long it takes.
            #expect(health.moving == 9 && health.secondsLeft == 50)
            #expect(await health.whatPlays() == [chunk(1).hash, chunk(2).hash])
            cluster.nodes[0].ring.others.removeAll { $0 == others[0].node.id }
            #expect(await becomes { health.under == 4 })
            health.stop()
            cluster.stop()
        }
    }
}
