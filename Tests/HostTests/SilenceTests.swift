import Chaos
import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// Servers that die, stop or lose their cable.
@Suite(.serialized) struct SilenceTests {
    @Test func `A killed server is gone everywhere, and back when it starts again`() async throws {
        try await withHostCluster { cluster, _ in
            for server in [cluster.servers[0], cluster.servers[3]] {
                await server.kill()
                try await cluster.expectGone(server, within: .seconds(5))
                try server.start()
                try await cluster.ready()
                try await cluster.expectOne(within: .seconds(10))
            }
        }
    }

    @Test func `A server stopped for ten seconds is gone meanwhile, and comes back with all that it missed`()
        async throws
    {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            let server = cluster.servers[1]
            let wake = cluster.clock.now + .seconds(10)
            await server.pause()
            try await cluster.expectGone(server, within: .seconds(5))
            try await music.upload(1, to: cluster.running)
            await cluster.clock.sleep(until: wake)
            await server.proceed()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }

    @Test func `A server whose cable is out is gone everywhere, and back when it is in`() async throws {
        try await withHostCluster { cluster, bed in
            var music = HostMusic(cluster)
            let server = cluster.servers[2]
            try await bed.wire { $0.unplugged = [server.index + 2] }
            try await cluster.expectGone(server, within: .seconds(5))
            try await music.upload(1, to: cluster.servers)
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            try await music.expectEverywhere(within: .seconds(20), bed)
        }
    }
}
