import HTTP
import Linux
import Model
import Platform
import SQLiteStore
import Testing
import TestTools

@testable import Node

/// The whole of it: registry, ring, roles, music in and out, deaths, returns and leaves.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LiveClusterTests {

    @Test func `a song outlives two servers of five, plays meanwhile, and is on three disks again`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(5)
            let song = wave(1)
            let uploader = try cluster.router()
            let answer = try await uploader.upload(song, title: "Two of five")
            #expect(answer.status == 201 && answer.headers["X-Rondo-Replicas"] == "3", "\(answer.text)")
            #expect(cluster.allChunks.count >= 5 && cluster.short() == 0)
            let path = try #require(answer.headers["Location"]) + "/audio"
            for role in [Role.data, .router] {
                let victim = try #require(cluster.living.first { $0.role == role })
                await victim.kill()
                for server in cluster.routers {
                    #expect(try await server.get(path).body == song)
                }
                #expect(await becomes { cluster.short() == 0 })
                #expect(await cluster.isInOrder(cluster.living.count))
            }
            for server in cluster.servers where !server.isRunning { try await server.start() }
            #expect(await cluster.isWhole(5))
            for server in cluster.routers {
                #expect(try await server.get(path).body == song)
            }
            await cluster.stop()
        }
    }

    @Test func `one that leaves hands over first, and takes no longer than that`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(4)
            for number in 0..<3 {
                #expect(
                    try await cluster.router().upload(wave(UInt64(10 + number)), title: "Song \(number)").status
                        == 201)
            }
            let leaver = try #require(cluster.living.first { $0.role == .data })
            #expect(await leaver.leave() < .seconds(8))
            #expect(cluster.short() == 0)
            #expect(await cluster.isInOrder(3))
            await cluster.stop()
        }
    }

    @Test func `servers that all leave at once wait for nobody, and come back as they were`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let song = wave(20)
            let answer = try await cluster.router().upload(song, title: "All leave")
            #expect(answer.status == 201)
            let roles = cluster.servers.map(\.role)
            let ids = cluster.servers.map(\.id)
            let leaves = cluster.servers.map { server in Task { @Loop in await server.leave() } }
            for leave in leaves { #expect(await leave.value < .seconds(6)) }
            // Not even the registry is there: they find each other by what they remember.
            await cluster.stopRegistry()
            for server in cluster.servers { try await server.start() }
            #expect(await becomes { cluster.servers.allSatisfy { $0.members.count == 3 } })
            #expect(cluster.servers.map(\.role) == roles)
            #expect(cluster.servers.map(\.id) == ids)
            let path = try #require(answer.headers["Location"]) + "/audio"
            let router = try cluster.router()
            #expect(try await router.get(path).body == song)
            await cluster.stop()
        }
    }

    @Test func `all killed at once come back with their roles and their songs`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let song = wave(30)
            let answer = try await cluster.router().upload(song, title: "Power cut")
            #expect(answer.status == 201)
            let roles = cluster.servers.map(\.role)
            for server in cluster.servers { await server.kill() }
            for server in cluster.servers { try await server.start() }
            #expect(await cluster.isInOrder(3))
            #expect(cluster.servers.map(\.role) == roles)
            let path = try #require(answer.headers["Location"]) + "/audio"
            let router = try cluster.router()
            #expect(try await router.get(path).body == song)
            await cluster.stop()
        }
    }

    @Test func `a registry that comes late is found, and a server that never found one can leave`() async throws {
        try await onLoop {
            let cluster = try LiveCluster()
            let lonely = try await cluster.add()
            #expect(await lonely.leave() < .seconds(2))
            try await lonely.start()
            try await cluster.add()
            try await cluster.startRegistry()
            #expect(await cluster.isInOrder(2))
            await cluster.stop()
        }
    }

    @Test func `a server that was away for a song gets it when it is back`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let away = try #require(cluster.living.first { $0.role == .data })
            await away.kill()
            #expect(await cluster.isInOrder(2))
            let answer = try await cluster.router().upload(wave(40), title: "While away")
            #expect(answer.status == 201 && answer.headers["X-Rondo-Replicas"] == "2", "\(answer.text)")
            try await away.start()
            #expect(await cluster.isInOrder(3))
            #expect(await becomes { cluster.short() == 0 })
            #expect(try await away.metadata?.songCount() == 1)
            await cluster.stop()
        }
    }

    @Test func `a song whose holders are all gone is listed as unavailable, and plays when one is back`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(6)
            let song = wave(50)
            let answer = try await cluster.router().upload(song, title: "Lost")
            #expect(answer.status == 201, "\(answer.text)")
            let path = try #require(answer.headers["Location"])
            let entry = try #require(try await cluster.router().metadata?.entries(after: nil, limit: 1).first)
            let holders = cluster.living.filter { $0.chunks?.length(of: entry.content.value.manifest) != nil }
            #expect(holders.count == 3)
            for holder in holders { await holder.kill() }
            #expect(await cluster.isInOrder(cluster.living.count))
            let router = try cluster.router()
            let audio = try await router.get(path + "/audio")
            #expect(audio.status == 503 && audio.headers["Retry-After"] != nil, "\(audio.status)")
            #expect(await becomes { (try? await router.get(path))?.text.contains("\"available\":false") == true })
            for holder in holders { try await holder.start() }
            #expect(await cluster.isWhole(6))
            #expect(await becomes { (try? await router.get(path))?.text.contains("\"available\":true") == true })
            #expect(try await cluster.router().get(path + "/audio").body == song)
            await cluster.stop()
        }
    }

    @Test func `of two servers with one identity one stops, and says where the other runs`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let original = cluster.servers[1]
            let clone = try await cluster.add(cloning: original)
            #expect(await becomes { original.failure != nil || clone.failure != nil })
            let (stopped, other) = original.failure == nil ? (clone, original) : (original, clone)
            #expect(stopped.failure?.description.contains(other.address.description) == true)
            #expect(other.failure == nil)
            await stopped.kill()
            #expect(await cluster.isWhole(3))
            await cluster.stop()
        }
    }

    @Test func `of two servers of one identity that started equally often one stops, too`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let original = cluster.servers[1]
            await original.kill()
            let clone = try await cluster.add(cloning: original)
            try await original.start()
            #expect(await becomes { original.failure != nil || clone.failure != nil })
            let (stopped, other) = original.failure == nil ? (clone, original) : (original, clone)
            #expect(stopped.failure?.description.contains(other.address.description) == true)
            await stopped.kill()
            #expect(await cluster.isWhole(3))
            #expect(other.failure == nil)
            await cluster.stop()
        }
    }
}
