import Client
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// What listeners change is so at every Router, and stays so.
    @Suite struct EditTests {
        @Test func `edits and deletions made at different Routers, and past one that is away, end the same everywhere`()
            async throws
        {
            try await withCluster(["auto", "auto", "auto", "auto", "auto"]) { cluster in
                let routers = await cluster.running(.router)
                let (first, second, away) = (routers[0], routers[1], routers[2])
                var songs: [String] = []
                for path in try Music.songs(3) {
                    let answer = try await Curl.upload(path, to: first)
                    songs.append("/api/v1/songs/" + (try #require(answer.json["id"] as? String)))
                }
                await away.kill()
                let edited = try await Self.patch(first.url + songs[0], #"{"title": "Ein neuer Name"}"#)
                #expect(edited.status == 200 && edited.json["title"] as? String == "Ein neuer Name")
                #expect(try await Self.patch(second.url + songs[0], #"{"genre": "Jazz"}"#).status == 200)
                let deleted = try await Curl.get(second.url + songs[1], ["-X", "DELETE"])
                #expect(deleted.status == 204 && Int(deleted.headers["x-rondo-replicas"] ?? "") ?? 0 >= 3)
                try away.start()
                try await cluster.ready()
                for router in await cluster.running(.router) {
                    try await eventually(
                        within: .seconds(10), "the edits are at \(router.url)",
                        holds: {
                            let song = try await Curl.get(router.url + songs[0]).json
                            return song["genre"] as? String == "Jazz" && song["title"] as? String == "Ein neuer Name"
                        })
                    #expect(try await Curl.get(router.url + songs[1]).status == 404)
                    #expect(try await Curl.get(router.url + songs[1] + "/audio").status == 404)
                    #expect(try await Curl.get(router.url + songs[2]).status == 200)
                    let found = try await Curl.get(router.url + "/api/v1/songs?title=neuer&genre=jazz")
                    #expect(found.json["total"] as? Int == 1)
                }
            }
        }

        @Loop
        private static func patch(_ url: String, _ json: String) async throws -> CurlAnswer {
            try await Curl.get(url, ["-X", "PATCH", "-H", "Content-Type: application/json", "-d", json])
        }
    }
}
