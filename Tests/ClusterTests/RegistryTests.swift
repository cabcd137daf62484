import Client
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// Several registries, each a real process that is killed with `kill -9`.
    @Suite struct RegistryTests {
        @Test func `three registries have one map, and the last of them goes on alone`() async throws {
            try await withCluster(five, registries: 3) { cluster in
                try await cluster.listAll(cluster.registries, registries: 3, servers: 5)
                let victim = try #require(await cluster.running(.router).first)
                await victim.kill()
                let gone = try await eventually(within: .seconds(1), "no registry lists the dead server") {
                    try await cluster.registries.all { registry in
                        try await !Dig.addresses("server.rondo", at: registry).contains(victim.address.description)
                    }
                }
                print("kill -9 to gone from three registries, seen by dig: \(gone)")
                let last = cluster.registries[1]
                for registry in cluster.registries where registry !== last { await registry.kill() }
                try await cluster.listAll([last], registries: 1, servers: 4)
                let places = cluster.registries.map(\.address.description).joined(separator: ",")
                let list = try await Tool.run(Tool.rondo, ["client", places, "list"])
                #expect(list.exit == .exited(0), "\(list.errors)")
                let second = try #require(await cluster.running(.router).first)
                await second.kill()
                try await eventually(within: .seconds(2), "the last registry hears of a death") {
                    try await !Dig.addresses("server.rondo", at: last).contains(second.address.description)
                }
                try cluster.registry.start()
                try await cluster.neverEmpty(cluster.registry, full: .seconds(2))
                try await cluster.listAll([last, cluster.registry], registries: 2, servers: 3)
            }
        }

        @Test func `with all registries dead the music plays, and one that starts empty is full after a renewal`()
            async throws
        {
            try await withCluster(["auto", "auto", "auto"], registries: 2) { cluster in
                let router = try #require(await cluster.running(.router).first)
                let path = try Music.short()
                #expect(try await Curl.upload(path, to: router).status == 201)
                for registry in cluster.registries { await registry.kill() }
                let song = try #require(try await Library.songs(at: router).first)
                let audio = try await Curl.get(router.url + "/api/v1/songs/\(song)/audio")
                #expect(SHA(audio.body) == (try Music.hash(path)))
                // Alone: the one that it was told of is dead.
                try cluster.registries[1].start()
                try await cluster.neverEmpty(cluster.registries[1], full: .seconds(6))
                try await cluster.listAll([cluster.registries[1]], registries: 1, servers: 3)
            }
        }
    }
}

extension RealCluster {
    /// Waits until these registries list so many registries and servers.
    fileprivate func listAll(_ listing: [RealServer], registries: Int, servers: Int) async throws {
        try await eventually(within: .seconds(5), "\(registries) registries and \(servers) servers", state: report) {
            try await listing.all { registry in
                let named = try await Dig.addresses("registry.rondo", at: registry).count
                let all = try await Dig.addresses("server.rondo", at: registry).count
                return named == registries && all == registries + servers
            }
        }
    }

    /// Waits until a registry that has just started lists both roles; until then it says that it does not know.
    fileprivate func neverEmpty(_ registry: RealServer, full limit: Duration) async throws {
        try await eventually(within: limit, "\(registry.name) is full", state: { registry.logTail }) {
            var isFull = true
            let isReady = await registry.isReady()
            for name in ["data.rondo", "router.rondo"] {
                let answer = try await Dig.answer(name, at: registry)
                if answer.code == "NOERROR", answer.addresses.isEmpty { Issue.record("\(name) is empty") }
                if answer.code != "NOERROR", isReady { Issue.record("it is ready, and answers \(answer.code)") }
                isFull = isFull && !answer.addresses.isEmpty
            }
            return isFull
        }
    }
}

extension Array {
    @Loop
    fileprivate func all(_ holds: @Loop (Element) async throws -> Bool) async rethrows -> Bool {
        for element in self where try await !holds(element) { return false }
        return true
    }
}
