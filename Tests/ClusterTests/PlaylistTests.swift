import Foundation
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// What listeners keep is kept by all servers.
    @Suite struct PlaylistTests {
        @Test func `playlists and favourites outlive the Router that took them, and a restart of all servers`()
            async throws
        {
            try await withCluster(["data", "data", "router", "router"]) { cluster in
                let routers = await cluster.running(.router)
                let song = try await Curl.upload(try Music.short(), to: routers[0])
                let id = try #require(song.json["id"] as? String)
                let made = try await Self.send("POST", routers[0].url + "/api/v1/playlists", #"{"name":"Evening"}"#)
                let list = try #require(made.json["id"] as? String)
                #expect(made.status == 201 && made.headers["x-rondo-replicas"] == "3")
                let path = "/api/v1/playlists/\(list)"
                let added = try await Self.send("PATCH", routers[0].url + path, #"{"add":["\#(id)"]}"#)
                #expect(added.status == 200)
                let liked = try await Curl.get(routers[0].url + "/api/v1/favourites/\(id)", ["-X", "PUT"])
                #expect(liked.status == 204)
                await routers[0].kill()
                try await Self.expectBoth(at: routers[1], path, song: id)
                for server in cluster.running { await server.kill() }
                for server in cluster.servers { try server.start() }
                try await cluster.ready()
                try await Self.expectBoth(at: routers[0], path, song: id)
            }
        }

        @Test func `a song's loudness is measured after its upload, and known to every Router`() async throws {
            try await withCluster(["data", "data", "router", "router"]) { cluster in
                let routers = await cluster.running(.router)
                let piece = try await Music.piece(of: try Music.song("formats/song.wav"), in: cluster.folder)
                let song = try await Curl.upload(piece, to: routers[0])
                let id = try #require(song.json["id"] as? String)
                for router in routers {
                    try await eventually(within: .seconds(30), "\(router.name) knows how loud it is") {
                        let answer = try await Curl.get(router.url + "/api/v1/songs/\(id)")
                        guard let loudness = answer.json["loudness"] as? Double else { return false }
                        return (-40..<0).contains(loudness)
                    }
                }
            }
        }

        @Loop
        private static func send(_ method: String, _ url: String, _ body: String) async throws -> CurlAnswer {
            try await Curl.get(url, ["-X", method, "-H", "Content-Type: application/json", "-d", body])
        }

        @Loop
        private static func expectBoth(at router: RealServer, _ path: String, song: String) async throws {
            let playlist = try await Curl.get(router.url + path)
            let items = playlist.json["items"] as? [[String: Any]]
            #expect(items?.compactMap { ($0["song"] as? [String: Any])?["id"] as? String } == [song])
            #expect(try await Curl.get(router.url + "/api/v1/favourites").json["songs"] as? [String] == [song])
        }
    }
}
