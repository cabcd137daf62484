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

        @Test func `a song goes on with the right bytes when its chunks rot on two of three disks while it plays`()
            async throws
        {
            try await withCluster(five) { cluster in
                let (router, song, hash) = try await Self.prepare(cluster)
                let listener = try Listener(
                    url: router.url + "/api/v1/songs/\(song)/audio", clock: cluster.prober.clock)
                listener.play(bytesPerSecond: Self.rate)
                try await Self.heard(10_000_000, by: listener)
                // One bit in the middle of each chunk, on both Data servers: the third copy is a Router's.
                var damaged = 0
                for server in await cluster.running(.data) {
                    for file in try server.chunkFiles() {
                        let length = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? UInt64 ?? 0
                        guard length > 100_000 else { continue }
                        let handle = try FileHandle(forUpdating: file)
                        try handle.seek(toOffset: length / 2)
                        let byte = try #require(try handle.read(upToCount: 1)?.first)
                        try handle.seek(toOffset: length / 2)
                        try handle.write(contentsOf: Data([byte ^ 1]))
                        try handle.close()
                        damaged += 1
                    }
                }
                #expect(damaged > 40)
                #expect(try await listener.end() == hash)
                #expect(listener.longestPause < .seconds(1))
            }
        }

        @Test func `HEAD and ranges over the borders of chunks say what the file says, once it is heard often`()
            async throws
        {
            try await withCluster(five) { cluster in
                let path = try Music.songs(1)[0]
                let file = [UInt8](try Data(contentsOf: URL(filePath: path)))
                let router = try #require(await cluster.running(.router).first)
                let answer = try await Curl.upload(path, to: router)
                let song = router.url + "/api/v1/songs/\(try #require(answer.json["id"] as? String))"
                // From then on its chunks are in memory that streams send from.
                for _ in 0..<3 { #expect(try await Curl.get(song + "/audio").body == file) }
                let head = try await Curl.get(song + "/audio", ["--head"])
                #expect(head.status == 200 && head.headers["content-length"] == "\(file.count)" && head.body.isEmpty)
                let manifest = try await Curl.get(song + "/manifest").json
                let chunks = try #require(manifest["chunks"] as? [[String: Any]])
                let borders = chunks.compactMap { $0["offset"] as? Int }.filter { $0 > 0 }
                #expect(borders.count > 3)
                for border in borders {
                    for range in [border - 1...border, border...border, border - 70_000...border + 70_000] {
                        let bounds = max(0, range.lowerBound)...min(file.count - 1, range.upperBound)
                        let part = try await Curl.get(
                            song + "/audio", ["-r", "\(bounds.lowerBound)-\(bounds.upperBound)"])
                        #expect(part.status == 206 && part.body == Array(file[bounds]), "\(bounds)")
                    }
                }
            }
        }

        @Test func `a Router that sends as many songs as it may sends the next listener to one that has room`()
            async throws
        {
            try await withCluster(["data", "data", "router", "router"], extra: ["--streams", "1"]) { cluster in
                let (router, song, hash) = try await Self.prepare(cluster)
                let path = "/api/v1/songs/\(song)/audio"
                let listener = try Listener(url: router.url + path, clock: cluster.prober.clock)
                listener.play(bytesPerSecond: Self.rate)
                try await Self.heard(1_000_000, by: listener)
                let other = try #require(await cluster.running(.router).first { $0 !== router })
                let next = try await Curl.get(router.url + path)
                #expect(next.status == 307 && next.headers["location"] == other.url + path)
                let sent = try await Tool.run("curl", ["-sS", "-L", router.url + path])
                #expect(SHA(sent.output) == hash)
                #expect(try await listener.end() == hash)
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
