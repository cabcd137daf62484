import Chaos
import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// Links that work badly, one way or now and then.
@Suite(.serialized) struct TroubleTests {
    @Test func `A server that one other one does not hear stays in the ring`() async throws {
        try await withHostCluster { cluster, bed in
            let way = Wiring.Direction(from: cluster.servers[0].index + 2, to: cluster.servers[1].index + 2)
            try await bed.wire { $0.deaf = [way] }
            await cluster.clock.sleep(for: .seconds(3))
            try await cluster.expectOne(within: .seconds(10))
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
        }
    }

    @Test func `A server that hears all and is heard by none comes back`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await music.upload(1, to: cluster.servers)
            let mute = cluster.servers[0].index + 2
            let others = cluster.all.map { $0.index + 2 }.filter { $0 != mute }
            try await bed.wire { $0.deaf = Set(others.map { Wiring.Direction(from: mute, to: $0) }) }
            try await cluster.expectGone(cluster.servers[0], within: .seconds(10))
            try await music.upload(2, to: Array(cluster.servers[1...]))
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    @Test func `A cable that comes and goes leaves one ring`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await music.upload(1, to: cluster.servers)
            try await bed.flap(cluster.servers[2].index + 2, times: 5, out: .milliseconds(900), in: .milliseconds(500))
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    @Test func `With three packets of ten lost music comes in, and all of it is there afterwards`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            try await bed.wire { $0.lossPercent = 30 }
            for number in UInt64(1)...4 { try await music.offer(number, to: cluster.servers) }
            #expect(!music.acknowledged.isEmpty)
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    @Test func `With jitter, loss, doubles and overtaking nobody is taken for dead`() async throws {
        let faults = """
            jitter-ms = 50
            loss-percent = 5
            duplicate-percent = 5
            reorder-percent = 10
            stream-delay-ms = 5
            """
        try await withHostCluster(faults: faults) { cluster, bed in
            var music = HostMusic(cluster)
            let before = try await cluster.lives()
            try await music.upload(1, to: cluster.servers)
            await cluster.clock.sleep(for: .seconds(5))
            #expect(try await cluster.lives() == before)
            try await music.expectEverywhere(within: .seconds(30), bed)
        }
    }
}
