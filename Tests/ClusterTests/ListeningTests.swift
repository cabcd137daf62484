import Client
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// A song that plays goes on, whoever dies.
    @Suite struct ListeningTests {
        /// So that the long song takes about six seconds.
        private static let rate = 10_000_000

        @Test(arguments: [Signal.kill, .stop], [0, 1])
        func `a song goes on without a pause when a Data server is killed or stopped`(
            signal: Signal, number: Int
        ) async throws {
            try await withCluster(five) { cluster in
                let (router, song, hash) = try await Self.prepare(cluster)
                let listener = try Listener(
                    url: router.url + "/api/v1/songs/\(song)/audio", clock: cluster.prober.clock)
                listener.play(bytesPerSecond: Self.rate)
                try await Self.heard(10_000_000, by: listener)
                // One of the two is the one in use.
                let victim = await cluster.running(.data)[number]
                victim.send(signal)
                #expect(try await listener.end() == hash)
                #expect(listener.longestPause < .seconds(1))
                victim.send(.proceed)
            }
        }

        @Test func `a download goes on at another Router when its own is killed`() async throws {
            try await withCluster(five) { cluster in
                let (_, song, hash) = try await Self.prepare(cluster)
                let listener = try Listener(
                    program: Tool.rondo,
                    [
                        "client", cluster.registry.address.description, "download", song, "-o", "-", "--cache",
                        cluster.folder + "/cache", "--cache-size", "0",
                    ], environment: [:], clock: cluster.prober.clock)
                listener.play(bytesPerSecond: Self.rate)
                try await Self.heard(10_000_000, by: listener)
                // All but one are killed, one after the other: the one in use is among them.
                for router in await cluster.running(.router).dropLast() { await router.kill() }
                #expect(try await listener.end() == hash)
                #expect(listener.longestPause < .seconds(1))
            }
        }

        @Test func `every Router gives back every original bit for bit, with the same entity tag`() async throws {
            try await withCluster(five) { cluster in
                let first = try #require(await cluster.running(.router).first)
                for path in try Music.songs(4) {
                    let answer = try await Curl.upload(path, to: first)
                    #expect(answer.status == 201)
                    #expect(answer.headers["x-rondo-replicas"] == "3")
                    let id = try #require(answer.json["id"] as? String)
                    var tags: Set<String> = []
                    for router in await cluster.running(.router) {
                        let audio = try await Curl.get(router.url + "/api/v1/songs/\(id)/audio")
                        #expect(SHA(audio.body) == (try Music.hash(path)))
                        tags.insert(audio.headers["etag"] ?? "none")
                    }
                    #expect(tags.count == 1)
                }
            }
        }

        @Test func `any two servers killed right after a 201 with three replicas: the song plays within 5 s`()
            async throws
        {
            for pair in [(0, 1), (1, 3), (2, 4)] {
                try await withCluster(five) { cluster in
                    let router = try #require(await cluster.running(.router).first)
                    let path = try Music.short()
                    let answer = try await Curl.upload(path, to: router)
                    #expect(answer.status == 201)
                    #expect(answer.headers["x-rondo-replicas"] == "3")
                    let id = try #require(answer.json["id"] as? String)
                    cluster.servers[pair.0].send(.kill)
                    cluster.servers[pair.1].send(.kill)
                    await cluster.servers[pair.0].kill()
                    await cluster.servers[pair.1].kill()
                    let hash = try Music.hash(path)
                    try await eventually(within: .seconds(5), "the song plays", state: cluster.report) {
                        guard let other = await cluster.running(.router).first else { return false }
                        let audio = try await Curl.get(other.url + "/api/v1/songs/\(id)/audio", within: .seconds(3))
                        return audio.status == 200 && SHA(audio.body) == hash
                    }
                }
            }
        }

        /// The long song uploaded: a Router, the song's id and its hash.
        @Loop
        private static func prepare(_ cluster: RealCluster) async throws -> (RealServer, String, ContentHash) {
            let path = try Music.long()
            let router = try #require(await cluster.running(.router).first)
            let answer = try await Curl.upload(path, to: router)
            #expect(answer.status == 201)
            return (router, try #require(answer.json["id"] as? String), try Music.hash(path))
        }

        @Loop
        private static func heard(_ bytes: Int, by listener: Listener) async throws {
            try await eventually(within: .seconds(15), "\(bytes) bytes heard") { listener.bytes >= bytes }
        }
    }
}
