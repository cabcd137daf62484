import Crypto
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// The key opens the door, is seen nowhere, and is changed without a pause.
    @Suite struct KeyTests {
        @Test func `the key of five servers is changed while a song plays, and nobody dies`() async throws {
            try await withCluster(five) { cluster in
                let clock = cluster.prober.clock
                let path = try Music.long()
                let router = try #require(await cluster.running(.router).first)
                let answer = try await Curl.upload(path, to: router)
                let song = try #require(answer.json["id"] as? String)
                let listener = try Listener(url: router.url + "/api/v1/songs/\(song)/audio", clock: clock)
                listener.play(bytesPerSecond: 10_000_000)
                try await eventually(within: .seconds(15), "something is heard") { listener.bytes > 1_000_000 }

                let old = try String(contentsOfFile: cluster.folder + "/key", encoding: .utf8)
                let new = ClusterKey().text + "\n"
                for (step, keys) in [old + new, new + old, new].enumerated() {
                    try keys.write(toFile: cluster.folder + "/key", atomically: true, encoding: .utf8)
                    let all = [cluster.registry] + cluster.servers
                    for server in all { server.send(.hangUp) }
                    for server in all {
                        try await eventually(within: .seconds(5), "\(server.name) has read", state: { server.logTail })
                        { Self.count("has read the key file", in: server) == step + 1 }
                    }
                    try await eventually(within: .seconds(5), "all see five", state: cluster.report) {
                        await cluster.agreedCounts()?.total == 5
                    }
                }
                #expect(try await listener.end() == (try Music.hash(path)))
                #expect(listener.longestPause < .seconds(1))
                for server in cluster.servers {
                    #expect(Self.count("a server died", in: server) == 0, "\(server.logTail)")
                    #expect(await server.isReady())
                }
                // Only the new key opens the door now.
                let late = cluster.add()
                try late.start()
                try await eventually(within: .seconds(10), "the new key joins", state: cluster.report) {
                    await cluster.agreedCounts()?.total == 6
                }
                try old.write(toFile: cluster.folder + "/key", atomically: true, encoding: .utf8)
                late.send(.hangUp)
                try await eventually(within: .seconds(5), "a key that nobody has is not taken") {
                    Self.count("the keys stay as they were", in: late) == 1
                }
            }
        }

        @Test func `the key is found in no command line, environment, log, metric, page, home or message`() async throws
        {
            try await withCluster(["auto", "auto", "auto"], extra: ["--log-level", "debug"]) { cluster in
                let text = try String(contentsOfFile: cluster.folder + "/key", encoding: .utf8)
                let router = try #require(await cluster.running(.router).first)
                _ = try await Curl.upload(try Music.short(), to: router)
                let secrets = try Self.forms(of: String(text.dropLast()))
                for server in [cluster.registry] + cluster.servers {
                    let process = "/proc/\(server.process?.processID ?? 0)"
                    var places = [
                        "cmdline": FileManager.default.contents(atPath: process + "/cmdline") ?? Data(),
                        "environ": FileManager.default.contents(atPath: process + "/environ") ?? Data(),
                        "log": Data(server.logText.utf8),
                    ]
                    for page in ["/metrics", "/healthz", "/readyz", "/api/v1/cluster", "/"] {
                        places[page] = Data(try await Curl.get(server.url + page).body)
                    }
                    let home = "\(cluster.folder)/\(server.name)"
                    for name in FileManager.default.enumerator(atPath: home)?.compactMap({ $0 as? String }) ?? [] {
                        places[name] = FileManager.default.contents(atPath: "\(home)/\(name)") ?? Data()
                    }
                    #expect(places["log"]?.isEmpty == false && places["cmdline"]?.isEmpty == false)
                    for (place, content) in places {
                        #expect(!secrets.contains { content.range(of: $0) != nil }, "\(server.name): \(place)")
                    }
                }
            }
        }

        @Test func `what is wrong with a key is told without the key`() async throws {
            try await onLoop {
                let folder = try TemporaryFolder()
                let good = ClusterKey().text
                let file = try folder.file("key", Array((good + "\n").utf8))
                func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Tool.Result {
                    // An address that this machine does not have ends whoever gets past the key.
                    let all = ["server", "0", "203.0.113.7", "--home", folder.path + "/home"] + arguments
                    return try await Tool.run(Tool.rondo, all, environment: environment, within: .seconds(10))
                }
                let onLine = try await run(["--key", good])
                #expect(onLine.exit == .exited(2) && onLine.errors.contains("--key-file"))
                for damaged in [String(good.dropLast()), good.uppercased(), "rondo1-", "hello", "", good + good] {
                    let result = try await run([], ["RONDO_KEY": damaged.isEmpty ? "\n" : damaged])
                    #expect(result.exit == .exited(1), "\(result.errors)")
                    #expect(result.errors.contains("cluster key"), "\(result.errors)")
                    #expect(!result.errors.contains(good.suffix(20)) && !result.errors.contains("hello"))
                }
                for (mode, says) in [(0o666, "chmod go-w"), (0o620, "chmod go-w"), (0o644, "warning"), (0o600, "")] {
                    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
                    let result = try await run(["--key-file", file])
                    #expect(says.isEmpty ? !result.errors.contains("key") : result.errors.contains(says))
                    #expect(result.errors.contains("203.0.113.7") == (mode & 0o022 == 0), "\(result.errors)")
                    #expect(!result.errors.contains(good))
                }
                let help = try await Tool.run(Tool.rondo, ["server", "--help"], environment: ["RONDO_KEY": good])
                #expect(help.exit == .exited(0) && !help.text.contains(good))
                folder.remove()
            }
        }

        @Test func `without a registry servers, and a client that has the key, find each other`() async throws {
            try await onLoop {
                let port = UInt16.random(in: 20_000...29_000)
                let cluster = try RealCluster([], extra: ["--discovery", String(port)])
                let key = ["--key-file", cluster.folder + "/key"]
                for _ in 0..<3 { try cluster.add(registries: "none").start() }
                do {
                    try await eventually(within: .seconds(15), "three find each other", state: cluster.report) {
                        await cluster.agreedCounts()?.total == 3
                    }
                    let place = ["none", "--discovery", String(port)]
                    let status = try await Tool.run(Tool.rondo, ["status"] + place + key)
                    #expect(status.text.contains("The ring is closed: 3 servers."), "\(status.errors)")
                    let list = try await Tool.run(Tool.rondo, ["client"] + place + ["list"] + key)
                    #expect(list.exit == .exited(0), "\(list.errors)")
                    let without = try await Tool.run(Tool.rondo, ["client"] + place + ["list"])
                    #expect(without.exit == .exited(1))
                    #expect(without.errors.contains("--key-file"), "\(without.errors)")
                    let other = ClusterKey().text
                    let stranger = try await Tool.run(
                        Tool.rondo, ["client"] + place + ["list"], environment: ["RONDO_KEY": other])
                    #expect(stranger.exit == .exited(1))
                    #expect(stranger.errors.contains("no server with this key"), "\(stranger.errors)")
                } catch {
                    await cluster.stop()
                    throw error
                }
                await cluster.stop()
            }
        }

        @Loop
        private static func count(_ words: String, in server: RealServer) -> Int {
            server.logText.split(separator: "\n").count { $0.contains(words) }
        }

        /// The key as it might be written: its text, its 32 bytes, and those in hexadecimal and base64.
        private static func forms(of text: String) throws -> [Data] {
            let encoded = try #require(Base64.urlBytes(String(text.dropFirst("rondo1-".count))))
            let secret = Array(encoded.prefix(32))
            let hexadecimal = secret.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let texts = [text, String(text.dropFirst(7).prefix(40)), hexadecimal, hexadecimal.uppercased()]
            return texts.map { Data($0.utf8) } + [Data(secret), Data(Base64.text(secret).prefix(40).utf8)]
        }
    }
}
