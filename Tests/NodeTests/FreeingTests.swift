import HTTP
import Linux
import Model
import Platform
import Testing
import TestTools

@testable import Node

/// Disk space comes back, and nothing that somebody needs goes with it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct FreeingTests {
    @Test func `the chunks of a deleted song go from every disk, those it shares with another one stay`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(4, lease: .seconds(1))
            let router = try cluster.router()
            let (music, other) = (wave(1), wave(2))
            let kept = try await router.upload(music, title: "Kept")
            let twin = try await router.upload(music, title: "Twin")
            let gone = try await router.upload(other, title: "Gone")
            #expect([kept, twin, gone].allSatisfy { $0.status == 201 })
            let all = cluster.allChunks
            let (goner, twinPath) = (try #require(gone.headers["Location"]), try #require(twin.headers["Location"]))
            for path in [goner, twinPath] { #expect(try await router.request("DELETE", path).status == 204) }
            #expect(await becomes({ cluster.allChunks.count < all.count - 3 }, by: deadline(.seconds(40))))
            let left = cluster.allChunks
            let path = try #require(kept.headers["Location"]) + "/audio"
            for server in cluster.routers {
                #expect(try await server.get(path).body == music)
                #expect(try await server.get(goner).status == 404)
            }
            // What is left is what one song needs, threefold.
            #expect(
                await becomes(
                    { left.allSatisfy { cluster.copies(of: $0) == 3 } || cluster.allChunks.count < left.count }))
            let again = try await router.upload(other, title: "Gone")
            #expect(again.status == 201 && again.headers["X-Rondo-Replicas"] == "3", "\(again.text)")
            #expect(try await router.get(goner + "/audio").body == other)
            await cluster.stop()
        }
    }

    @Test func `copies too many go once everything has been in its place for a while`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(4, lease: .seconds(1))
            let music = wave(5)
            let answer = try await cluster.router().upload(music, title: "Wanderer")
            #expect(answer.status == 201)
            let path = try #require(answer.headers["Location"]) + "/audio"
            // Two more servers take their share; what they took is then too many elsewhere.
            for _ in 0..<2 { try await cluster.add(.data) }
            #expect(await cluster.isWhole(6))
            let chunks = cluster.allChunks
            #expect(
                await becomes(
                    { chunks.allSatisfy { cluster.copies(of: $0) == 3 } }, by: deadline(.seconds(60))),
                "\(chunks.map { cluster.copies(of: $0) })")
            for server in cluster.routers { #expect(try await server.get(path).body == music) }
            await cluster.stop()
        }
    }

    @Test func `a song that is deleted and uploaded again and again is never lost`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3, lease: .milliseconds(500))
            let music = wave(8)
            for turn in 0..<15 {
                let router = cluster.living[turn % cluster.living.count]
                guard router.role == .router else { continue }
                let answer = try await router.upload(music, title: "Again")
                #expect([200, 201].contains(answer.status), "\(answer.text)")
                let path = try #require(answer.headers["Location"])
                for server in cluster.routers { #expect(try await server.get(path + "/audio").body == music) }
                #expect(try await router.request("DELETE", path).status == 204)
            }
            #expect(await becomes({ cluster.allChunks.isEmpty }, by: deadline(.seconds(30))))
            await cluster.stop()
        }
    }
}
