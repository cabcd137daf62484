import Client
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// Each bad input gets a clear error of the right kind, and the servers go on.
    @Suite struct BadInputTests {
        @Test func `bad files, bodies, heads, ranges, ids and paths are refused, and the cluster goes on`() async throws
        {
            try await withCluster(["auto", "auto", "auto"]) { cluster in
                let router = try #require(await cluster.running(.router).first)
                let folder = cluster.folder
                try "This is no music at all.\n".write(toFile: folder + "/text.mp3", atomically: true, encoding: .utf8)
                try Data().write(to: URL(filePath: folder + "/empty.mp3"))
                let flac = try Data(contentsOf: URL(filePath: Music.song("formats/song.flac")))
                try flac.prefix(flac.count / 3).write(to: URL(filePath: folder + "/cut.flac"))
                for name in ["text.mp3", "empty.mp3", "cut.flac"] {
                    let answer = try await Curl.upload("\(folder)/\(name)", to: router)
                    #expect((400..<500).contains(answer.status), "\(name)")
                    #expect(answer.errorCode != nil, "\(name)")
                }
                #expect(try await Library.songs(at: router).isEmpty)
                let song = try await Curl.upload(Music.short(), to: router)
                let id = try #require(song.json["id"] as? String)
                let audio = router.url + "/api/v1/songs/\(id)/audio"
                #expect(try await Curl.get(audio, ["-H", "Range: bytes=999999999-"]).status == 416)
                #expect(
                    try await Curl.get(audio, ["-H", "X-Long: \(String(repeating: "x", count: 100_000))"]).status == 431
                )
                #expect(try await Curl.get(router.url + "/api/v1/songs/nonsense").status == 404)
                let unknown = "/api/v1/songs/00000000-0000-0000-0000-000000000000"
                #expect(try await Curl.get(router.url + unknown).status == 404)
                #expect((400..<500).contains(try await Curl.get(router.url + "/../../etc/passwd").status))
                #expect((400..<500).contains(try await Curl.get(router.url + "/%2e%2e/etc/passwd").status))
                try await Self.goesOn(cluster)
            }
        }

        @Test func `garbage on every port ends no server`() async throws {
            try await withCluster(["auto", "auto", "auto"]) { cluster in
                var generator = SeededGenerator(seed: 2)
                let ports: [(RealServer, UInt16)] =
                    cluster.servers.flatMap { [($0, UInt16(7700)), ($0, RealServer.httpPort)] }
                    + [(cluster.registry, 5300), (cluster.registry, 7700)]
                for (server, port) in ports {
                    for length in [1, 100, 20_000] {
                        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                        await Self.send(bytes, to: Endpoint(server.address, port), cluster)
                    }
                }
                try await Self.goesOn(cluster)
            }
        }

        @Test func `a body that is cut off in the middle leaves nothing behind`() async throws {
            try await withCluster(["auto", "auto", "auto"]) { cluster in
                let router = try #require(await cluster.running(.router).first)
                let head =
                    "POST /api/v1/songs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                    + "Content-Length: 1000000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; "
                    + "filename=\"a.mp3\"\r\n\r\n"
                await Self.send(Array(head.utf8) + [UInt8](repeating: 7, count: 5_000), to: router.http, cluster)
                try await Self.goesOn(cluster)
                #expect(try await Library.songs(at: router).isEmpty)
                try await eventually(within: .seconds(5), "the spool is gone") {
                    let names = try FileManager.default.contentsOfDirectory(
                        atPath: "\(cluster.folder)/\(router.name)/uploads")
                    return names.isEmpty
                }
            }
        }

        @Test func `a server that cannot start says why in one sentence`() async throws {
            try await withCluster(["auto"]) { cluster in
                let taken = cluster.servers[0]
                let key = cluster.folder + "/key"
                let registry = cluster.registry.address.description
                let cases: [(arguments: [String], code: Int32, says: String)] = [
                    (["5", "127.0.0.9", registry, "--key-file", key], 2, "TYPE"),
                    (["0", "nowhere", registry, "--key-file", key], 2, "ADDRESS"),
                    (["0", "127.0.0.9", registry], 2, "rondo key new"),
                    (["0", "127.0.0.9", registry, "--key-file", "/nonexistent"], 1, "/nonexistent"),
                    (["0", "127.0.0.9", registry, "--key-file", key, "--home", "/dev/null/x"], 1, "/dev/null/x"),
                    (["0", "127.0.0.9", registry, "--key-file", key, "--http", "99999"], 2, "--http"),
                    (
                        ["0", "203.0.113.7", registry, "--key-file", key, "--home", cluster.folder + "/a"], 1,
                        "203.0.113.7"
                    ),
                    (
                        ["0", taken.address.description, registry, "--key-file", key, "--home", cluster.folder + "/b"],
                        1, "\(taken.address):7700"
                    ),
                    (
                        ["0", "127.0.0.9", registry, "--key-file", key, "--home", "\(cluster.folder)/\(taken.name)"],
                        1, "another rondo server"
                    ),
                ]
                for one in cases {
                    let result = try await Tool.run(Tool.rondo, ["server"] + one.arguments, within: .seconds(10))
                    #expect(result.exit == .exited(one.code), "\(one.arguments): \(result.errors)")
                    #expect(result.errors.contains(one.says), "\(one.arguments): \(result.errors)")
                    let told = result.errors.split(separator: "\n").filter { $0.hasPrefix("rondo: ") }
                    #expect(told.count == 1, "\(result.errors)")
                }
                try await Self.goesOn(cluster)
            }
        }

        @Test func `a server with another key never joins, and learns nothing`() async throws {
            try await withCluster(["auto", "auto", "auto"]) { cluster in
                let stranger = cluster.add()
                let other = try await Tool.run(Tool.rondo, ["key", "new"])
                let mine = try String(contentsOfFile: cluster.folder + "/key", encoding: .utf8)
                try other.text.write(toFile: cluster.folder + "/key", atomically: true, encoding: .utf8)
                try stranger.start()
                try await eventually(within: .seconds(5), "the stranger runs") {
                    await stranger.status() != nil || !stranger.isRunning
                }
                try mine.write(toFile: cluster.folder + "/key", atomically: true, encoding: .utf8)
                // Three renewals: long enough for anything to be learnt.
                await cluster.prober.clock.sleep(for: .seconds(4))
                for server in cluster.servers.prefix(3) {
                    let status = try #require(await server.status())
                    #expect(!status.members.contains { $0.address == stranger.address })
                }
                #expect(
                    !(try await Dig.addresses("server.rondo", at: cluster.registry)).contains(
                        stranger.address.description))
                #expect((await stranger.status()?.members.count ?? 0) <= 1)
            }
        }

        @Loop
        private static func goesOn(_ cluster: RealCluster) async throws {
            for server in [cluster.registry] + cluster.servers {
                #expect(server.isRunning, "\(server.name)\(server.logTail)")
                try await eventually(within: .seconds(2), "\(server.name) is ready", state: { server.logTail }) {
                    await server.isReady()
                }
            }
        }

        /// Sends bytes and closes, without caring for an answer.
        @Loop
        private static func send(_ bytes: [UInt8], to endpoint: Endpoint, _ cluster: RealCluster) async {
            let clock = cluster.prober.clock
            let stream = try? await cluster.prober.network.connect(
                to: endpoint, from: .any, deadline: clock.now + .seconds(1))
            try? await stream?.write(bytes, deadline: clock.now + .seconds(1))
            _ = try? await stream?.read(atMost: 1, deadline: clock.now + .milliseconds(50))
            stream?.close()
            let socket = try? cluster.prober.network.openDatagrams(on: Endpoint(.any, 0)) { _, _ in }
            socket?.send(Array(bytes.prefix(1_400)), to: endpoint)
            socket?.close()
        }
    }
}
