import Chaos
import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// Rings that are split, with music coming in on every side, and healed.
@Suite(.serialized) struct SplitTests {
    @Test func `Halves that took music in apart are one ring with all of it again`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await music.upload(1, to: cluster.servers)
            // Each side has a registry.
            let sides = [[0, 1, 2], [3, 4]].map { $0.map { cluster.servers[$0] } }
            try await bed.split(cluster, sides)
            for side in sides { try await cluster.expectRing(of: side, within: .seconds(5)) }
            for (number, side) in sides.enumerated() {
                for song in 1...3 { try await music.upload(UInt64(10 * (number + 1) + song), to: side) }
            }
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    @Test func `A server alone takes nothing in, says so, and comes back`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await music.upload(1, to: cluster.servers)
            let alone = cluster.servers[4]
            let rest = cluster.servers.filter { $0 !== alone }
            try await bed.split(cluster, [rest, [alone]])
            try await cluster.expectRing(of: rest, within: .seconds(5))
            try await cluster.expectRing(of: [alone], within: .seconds(5))
            let song = SyntheticSong(number: 2, seconds: 3)
            let answer = await music.calls.upload(song, to: alone.http)
            #expect(answer == .refused(status: 503, code: "too_few_servers"))
            try await music.upload(3, to: rest)
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    @Test func `Three sides become one ring again`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await music.upload(1, to: cluster.servers)
            let sides = [[0, 1], [2, 3], [4]].map { $0.map { cluster.servers[$0] } }
            try await bed.split(cluster, sides)
            for side in sides { try await cluster.expectRing(of: side, within: .seconds(5)) }
            try await music.upload(2, to: sides[0])
            try await music.upload(3, to: sides[1])
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    /// All Data servers on one side, all Routers on the other: each gives itself what it lacks, for minutes.
    @Test func `Sides held apart for two minutes change roles, take music in, and are one again`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await music.upload(1, to: cluster.servers)
            let sides = [await cluster.running(.data), await cluster.running(.router)]
            try await bed.split(cluster, sides)
            for side in sides { try await cluster.expectRing(of: side, within: .seconds(5)) }
            try await cluster.expectRoles(among: sides[0], within: .seconds(5)) { $0.router >= 1 }
            try await cluster.expectRoles(among: sides[1], within: .seconds(5)) { $0.data >= 2 && $0.router >= 1 }
            // A song on each side every ten seconds keeps the minutes busy.
            for turn in 0..<12 {
                let next = cluster.clock.now + .seconds(10)
                for (number, side) in sides.enumerated() {
                    try await music.upload(UInt64(100 * (number + 1) + turn), to: side)
                }
                await cluster.clock.sleep(for: next - cluster.clock.now)
            }
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
            let target = RoleCounts.target(servers: cluster.servers.count)
            try await cluster.expectRoles(among: cluster.servers, within: .seconds(60)) { $0 == target }
        }
    }
}
