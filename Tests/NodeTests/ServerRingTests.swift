import Model
import Placement
import Platform
import Ring
import Testing
import TestTools

@testable import Node

@Suite struct ServerRingTests {
    private func entry(_ number: UInt64, _ role: Role) -> RosterEntry {
        RosterEntry(
            id: ServerID(UInt128(number)), incarnation: Incarnation(1), startNonce: number, role: role,
            host: HostAddress(127, 0, 0, UInt8(number)), peerPort: 7700, httpPort: 8080)
    }

    private func machine(_ others: [RosterEntry]) -> Ring {
        Ring(
            identity: Ring.Identity(entry: entry(1, .data), roleIsRemembered: false), roster: Roster(others), seed: 1)
    }

    @Test func `the placement is that of the present roster, and those before it are remembered`() async throws {
        try await onLoop {
            let ring = ServerRing(own: ServerID(1), replicas: 3)
            #expect(ring.update(from: machine([entry(2, .router)])))
            #expect(!ring.update(from: machine([entry(2, .router)])))
            #expect(ring.update(from: machine([entry(2, .router), entry(3, .data)])))
            let two = [(1, Role.data), (2, .router)].map { Placement.Candidate(id: ServerID($0), role: $1) }
            let three = two + [Placement.Candidate(id: ServerID(3), role: .data)]
            #expect(ring.placement == Placement(three))
            #expect(ring.earlierPlacements.first == Placement(two))
            #expect(ring.others == [ServerID(2), ServerID(3)])
        }
    }

    @Test func `servers get chunks by their capacity, those without one as many as the mean`() async throws {
        try await onLoop {
            let ring = ServerRing(own: ServerID(1), replicas: 3)
            var (large, small) = (entry(2, .data), entry(3, .data))
            (large.capacity, small.capacity) = (3_000_000_000, 1_000_000_000)
            #expect(ring.update(from: machine([large, small])))
            let weights: [(UInt128, Double)] = [(1, 1), (2, 1.5), (3, 0.5)]
            #expect(
                ring.placement
                    == Placement(weights.map { Placement.Candidate(id: ServerID($0.0), role: .data, weight: $0.1) }))
            small.capacity = 3_000_000_000
            small.version += 1
            #expect(ring.update(from: machine([large, small])))
        }
    }
}
