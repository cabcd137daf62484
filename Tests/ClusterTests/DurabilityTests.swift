import Client
import Crypto
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// What a server finds at its start may be old, copied, damaged or of another time: nothing acknowledged is lost
    /// by it, and nothing deleted comes back.
    @Suite struct DurabilityTests {
        @Test func `nine servers of which four leave at the same instant keep every song`() async throws {
            try await withCluster([String](repeating: "auto", count: 9)) { cluster in
                let router = try #require(await cluster.running(.router).first)
                var library = SongList()
                for path in try Music.songs(6) { try await library.upload(path, to: router) }
                let leaving = cluster.servers.filter { $0 !== router }.suffix(4)
                let exits = leaving.map { server in Loop.start("leave") { try await server.terminate() } }
                for exit in exits { #expect(try await exit.value == .exited(0)) }
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
                // Towards 2:3 one step is made after ten quiet seconds.
                try await eventually(within: .seconds(40), "the ring is in order", state: cluster.report) {
                    await cluster.agreedCounts() == RoleCounts(data: 2, router: 3)
                }
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
                try await eventually(within: .seconds(30), "every chunk has its copies", state: cluster.report) {
                    let status = await router.status()
                    return status?.replication.under == 0 && status?.replication.lost == 0
                }
            }
        }

        @Test func `damage that nobody reads is found by the scrub and repaired from other copies`() async throws {
            try await withCluster(five) { cluster in
                let router = try #require(await cluster.running(.router).first)
                var library = SongList()
                for path in try Music.songs(2) { try await library.upload(path, to: router) }
                let victim = try #require(await cluster.running(.data).first)
                await victim.kill()
                let files = try victim.chunkFiles()
                #expect(files.count > 3)
                let (flipped, emptied) = (files[0], files[1])
                var bytes = try Data(contentsOf: flipped)
                bytes[bytes.count / 2] ^= 1
                try bytes.write(to: flipped)
                try Data().write(to: emptied)
                // The pass of today is over; as on the day after, the next one begins.
                try? FileManager.default.removeItem(atPath: victim.home + "/state/scrub.json")
                try victim.start()
                for file in [flipped, emptied] {
                    try await eventually(
                        within: .seconds(40), "\(file.lastPathComponent) is whole",
                        holds: {
                            let found = (try? Data(contentsOf: file)) ?? Data()
                            return SHA([UInt8](found)).description == file.lastPathComponent
                        })
                }
                let metrics = try await Curl.get(victim.url + "/metrics")
                let text = String(decoding: metrics.body, as: UTF8.self)
                #expect(text.contains(/rondo_chunks_damaged_total 1\n/))
                #expect(text.contains("rondo_scrub_bytes_total"))
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
            }
        }

        @Test func `a server restored from an older backup loses nothing that was acknowledged, by it or others`()
            async throws
        {
            try await withCluster(five) { cluster in
                let routers = await cluster.running(.router)
                let (restored, other) = (routers[0], routers[1])
                let songs = try Music.songs(5)
                var library = SongList()
                try await library.upload(songs[0], to: restored)
                try await library.upload(songs[1], to: restored)
                await restored.kill()
                try FileManager.default.copyItem(atPath: restored.home, toPath: restored.home + ".backup")
                try restored.start()
                try await cluster.ready()
                // What the backup does not know: changes made by this server itself, and by another one.
                try await library.upload(songs[2], to: restored)
                try await library.rename(0, "Renamed after the backup", at: restored)
                try await library.delete(1, at: restored)
                try await library.upload(songs[3], to: other)
                await restored.kill()
                try FileManager.default.removeItem(atPath: restored.home)
                try FileManager.default.moveItem(atPath: restored.home + ".backup", toPath: restored.home)
                try restored.start()
                try await cluster.ready()
                try await library.upload(songs[4], to: restored)
                try await library.rename(2, "Renamed after the return", at: restored)
                for server in routers { try await library.expectAll(at: server) }
            }
        }

        @Test func `of two servers with the same home one ends, and says why`() async throws {
            try await withCluster(five) { cluster in
                let router = try #require(await cluster.running(.router).first)
                var library = SongList()
                try await library.upload(try Music.songs(1)[0], to: router)
                let original = try #require(cluster.servers.first { $0 !== router })
                await original.kill()
                let clone = cluster.add()
                try FileManager.default.copyItem(atPath: original.home, toPath: clone.home)
                try original.start()
                try clone.start()
                try await eventually(within: .seconds(20), "one has ended", state: cluster.report) {
                    original.isRunning != clone.isRunning
                }
                let ended = original.isRunning ? clone : original
                #expect(ended.logText.contains("another process runs with this server's id"))
                try await eventually(within: .seconds(10), "five are in the ring", state: cluster.report) {
                    await cluster.agreedCounts()?.total == 5
                }
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
            }
        }

        @Test func `what is changed at a server whose clock says 1970 is as good as any other change`() async throws {
            try await withCluster(five) { cluster in
                let routers = await cluster.running(.router)
                let (late, other) = (routers[0], routers[1])
                let songs = try Music.songs(3)
                var library = SongList()
                try await library.upload(songs[0], to: other)
                try await library.rename(0, "Renamed in time", at: other)
                await late.kill()
                // `env` between: the library changes the environment at its start, where Swift looks for arguments.
                late.launcher = ["env"]
                late.environment = [
                    "LD_PRELOAD": try Self.fakeTime, "FAKETIME": "@1970-01-02 00:00:00",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                ]
                try late.start()
                try await cluster.ready()
                #expect(late.logText.contains("1970-01-02"))
                try await library.rename(0, "Renamed in 1970", at: late)
                try await library.upload(songs[1], to: late)
                try await library.upload(songs[2], to: late)
                try await library.delete(2, at: late)
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
                // Back in time: what was changed then is older than what is changed now, and newer than before.
                await late.kill()
                (late.launcher, late.environment) = ([], [:])
                try late.start()
                try await cluster.ready()
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
            }
        }

        @Test func `a server that was away while all others forgot it brings its changes and takes theirs`()
            async throws
        {
            try await withCluster(five) { cluster in
                let routers = await cluster.running(.router)
                let (away, other) = (routers[0], routers[1])
                let songs = try Music.songs(4)
                var library = SongList()
                for path in songs.prefix(3) { try await library.upload(path, to: away) }
                await away.kill()
                try await eventually(within: .seconds(5), "four are left", state: cluster.report) {
                    await cluster.agreedCounts()?.total == 4
                }
                try await library.delete(0, at: other)
                try await library.rename(1, "Renamed on Saturday", at: other)
                try await library.upload(songs[3], to: other)
                // Who has started since does not remember the one that is away.
                for server in cluster.servers where server !== away { await server.kill() }
                for server in cluster.servers where server !== away { try server.start() }
                try await cluster.ready()
                try await library.rename(2, "Renamed on Sunday", at: other)
                try away.start()
                try await cluster.ready()
                for server in await cluster.running(.router) { try await library.expectAll(at: server) }
                try await eventually(within: .seconds(30), "every chunk has its copies", state: cluster.report) {
                    await away.status()?.replication.under == 0
                }
            }
        }

        @Test func `a home that cannot be written to is refused in one sentence`() async throws {
            try await withCluster(["auto"]) { cluster in
                let home = cluster.folder + "/read-only"
                try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
                let command = """
                    mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"
                    """
                let arguments = [
                    "-Urm", "sh", "-c", command, home, Tool.rondo, "server", "auto", "127.0.0.9",
                    cluster.registry.address.description, "--key-file", cluster.folder + "/key", "--home", home,
                ]
                let result = try await Tool.run("unshare", arguments, within: .seconds(10))
                #expect(result.exit == .exited(1), "\(result.errors)")
                #expect(result.errors.contains("the home \(home) cannot be read and written"), "\(result.errors)")
                #expect(result.errors.contains("mount its disk for writing"), "\(result.errors)")
            }
        }

        /// The library of Debian's faketime.
        private static var fakeTime: String {
            get throws {
                let folders = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib")
                let paths = folders.map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
                return try #require(paths.first { FileManager.default.fileExists(atPath: $0) })
            }
        }
    }
}

/// What listeners have put into a library, and what must therefore be in it.
@Loop
private struct SongList {
    private struct Song {
        let path: String
        var title: String?
        let sha256: ContentHash
    }

    private var songs: [Song] = []

    mutating func upload(_ file: String, to server: RealServer) async throws {
        let answer = try await Curl.upload(file, to: server)
        #expect(answer.status == 201, "\(String(decoding: answer.body, as: UTF8.self))")
        let id = try #require(answer.json["id"] as? String)
        songs.append(
            Song(
                path: "/api/v1/songs/\(id)", title: answer.json["title"] as? String, sha256: try Music.hash(file)))
    }

    mutating func rename(_ index: Int, _ title: String, at server: RealServer) async throws {
        let body = ["-X", "PATCH", "-H", "Content-Type: application/json", "-d", #"{"title": "\#(title)"}"#]
        let answer = try await Curl.get(server.url + songs[index].path, body)
        #expect(answer.status == 200 && answer.json["title"] as? String == title)
        songs[index].title = title
    }

    mutating func delete(_ index: Int, at server: RealServer) async throws {
        #expect(try await Curl.get(server.url + songs[index].path, ["-X", "DELETE"]).status == 204)
        songs[index].title = nil
    }

    /// Waits until a server says of every song what was acknowledged last, and gives back every byte.
    func expectAll(at server: RealServer) async throws {
        for song in songs {
            try await eventually(within: .seconds(10), "\(song.path) at \(server.url) is \(song.title ?? "gone")") {
                let answer = try await Curl.get(server.url + song.path)
                guard let title = song.title else { return answer.status == 404 ? true : nil }
                return answer.json["title"] as? String == title ? true : nil
            }
            let audio = try await Curl.get(server.url + song.path + "/audio")
            if song.title == nil {
                #expect(audio.status == 404)
            } else {
                #expect(audio.status == 200 && SHA(audio.body) == song.sha256)
            }
        }
    }
}
