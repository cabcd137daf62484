import Client
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// The roles follow what lives.
    @Suite struct RoleTests {
        @Test func `five servers started at the same instant are 2 Data and 3 Routers within 3 s, ten times`()
            async throws
        {
            for _ in 0..<10 {
                try await onLoop {
                    let cluster = try RealCluster(five)
                    do {
                        try cluster.registry.start()
                        try await eventually(within: .seconds(5), "the registry is ready") {
                            await cluster.registry.isReady()
                        }
                        for server in cluster.servers { try server.start() }
                        try await eventually(within: .seconds(3), "2 Data and 3 Routers", state: cluster.report) {
                            await cluster.agreedCounts() == RoleCounts(data: 2, router: 3)
                        }
                    } catch {
                        await cluster.stop()
                        throw error
                    }
                    await cluster.stop()
                }
            }
        }

        @Test func `a registry and five servers are ready within 3 s of starting`() async throws {
            try await onLoop {
                let cluster = try RealCluster(five)
                do { try await cluster.start(within: .seconds(3)) } catch {
                    await cluster.stop()
                    throw error
                }
                await cluster.stop()
            }
        }

        @Test func `the names list 2 Data and 3 Routers, and a killed Data server leaves them all within 1 s`()
            async throws
        {
            try await withCluster(five) { cluster in
                try await eventually(within: .seconds(3), "dig lists 2 and 3") {
                    let data = try await Dig.addresses("data.rondo", at: cluster.registry)
                    let routers = try await Dig.addresses("router.rondo", at: cluster.registry)
                    return data.count == 2 && routers.count == 3
                }
                let victim = try #require(await cluster.running(.data).first)
                await victim.kill()
                try await eventually(within: .seconds(1), "the dead address is gone everywhere", state: cluster.report)
                {
                    let named = try await Dig.addresses("server.rondo", at: cluster.registry)
                    if named.contains(victim.address.description) { return false }
                    for server in cluster.running {
                        guard let status = await server.status() else { return false }
                        let live = status.members.filter { $0.state == "alive" }.map(\.address)
                        if live.contains(victim.address) { return false }
                    }
                    return true
                }
                try await eventually(within: .seconds(2), "a Router has become Data", state: cluster.report) {
                    await cluster.agreedCounts() == RoleCounts(data: 2, router: 2)
                }
                let status = try await Tool.run(Tool.rondo, ["status", cluster.registry.address.description])
                #expect(status.exit == .exited(0))
                #expect(status.text.contains("The ring is closed: 4 servers."), "\(status.text)")
            }
        }

        @Test func `of 2 Data and 1 Router the Router is killed, and there is a Router again within 2 s`() async throws
        {
            try await withCluster(["auto", "auto", "auto"]) { cluster in
                try await eventually(within: .seconds(3), "2 Data and 1 Router", state: cluster.report) {
                    await cluster.agreedCounts() == RoleCounts(data: 2, router: 1)
                }
                let router = try #require(await cluster.running(.router).first)
                await router.kill()
                try await eventually(within: .seconds(2), "a Router again", state: cluster.report) {
                    await cluster.agreedCounts() == RoleCounts(data: 1, router: 1)
                }
            }
        }

        @Test func `all five killed and started again have the same roles and the same songs`() async throws {
            try await withCluster(five) { cluster in
                try await eventually(within: .seconds(3), "2 Data and 3 Routers", state: cluster.report) {
                    await cluster.agreedCounts() == RoleCounts(data: 2, router: 3)
                }
                let router = try #require(await cluster.running(.router).first)
                let path = try Music.short()
                #expect(try await Curl.upload(path, to: router).status == 201)
                let data = Set(await cluster.running(.data).map(\.name))
                for server in cluster.servers { server.send(.kill) }
                for server in cluster.servers { await server.kill() }
                for server in cluster.servers { try server.start() }
                try await cluster.ready()
                try await eventually(within: .seconds(3), "2 Data and 3 Routers again", state: cluster.report) {
                    await cluster.agreedCounts() == RoleCounts(data: 2, router: 3)
                }
                #expect(Set(await cluster.running(.data).map(\.name)) == data)
                let found = try await Library.songs(at: router)
                #expect(found.count == 1)
                let audio = try await Curl.get(router.url + "/api/v1/songs/\(found[0])/audio")
                #expect(SHA(audio.body) == (try Music.hash(path)))
            }
        }

        @Test func `a server that is told to leave says goodbye, and the others close the ring`() async throws {
            try await withCluster(five) { cluster in
                let leaver = cluster.servers[2]
                #expect(try await leaver.terminate() == .exited(0))
                try await eventually(within: .seconds(2), "four servers", state: cluster.report) {
                    guard let counts = await cluster.agreedCounts() else { return false }
                    return counts.total == 4
                }
                let named = try await Dig.addresses("server.rondo", at: cluster.registry)
                #expect(!named.contains(leaver.address.description))
            }
        }
    }
}
