import Client
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// An upload is whole or absent.
    @Suite struct UploadTests {
        @Test(arguments: 0..<5)
        func `a server killed during an upload leaves the song whole or absent, and the same upload again succeeds`(
            victim number: Int
        ) async throws {
            try await withCluster(five) { cluster in
                let path = try Music.long()
                let router = try #require(await cluster.running(.router).first)
                let victim = cluster.servers[number]
                let upload = Loop.start("upload") { try? await Curl.upload(path, to: router) }
                // Some way into the upload: the spool of the Router has begun, or its chunks are on their way.
                try await eventually(within: .seconds(10), "the upload has begun") {
                    Self.uploadHasBegun(cluster, router) || upload.isCancelled
                }
                await victim.kill()
                let first = try await upload.value
                let survivor = try await eventually(within: .seconds(5), "a Router", state: cluster.report) {
                    await cluster.running(.router).first
                }.value
                try await eventually(within: .seconds(5), "the ring is in order", state: cluster.report) {
                    await cluster.agreedCounts()?.total == 4
                }
                let hash = try Music.hash(path)
                for id in try await Library.songs(at: survivor) {
                    let audio = try await Curl.get(survivor.url + "/api/v1/songs/\(id)/audio")
                    #expect(audio.status == 200 && SHA(audio.body) == hash, "a song that is listed is whole")
                }
                if first?.status == 201 { #expect(try await Library.songs(at: survivor).count == 1) }
                let again = try await Curl.upload(path, to: survivor)
                #expect(again.status == 201 || again.status == 200, "\(String(decoding: again.body, as: UTF8.self))")
                #expect(try await Library.songs(at: survivor).count == 1)
            }
        }

        @Test func `rondo client uploads a folder once, and says so the second time`() async throws {
            try await withCluster(five) { cluster in
                let folder = cluster.folder + "/music/deep"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                for path in try Music.songs(3) {
                    let name = path.split(separator: "/").last.map(String.init) ?? ""
                    try FileManager.default.copyItem(atPath: path, toPath: "\(folder)/\(name)")
                }
                try "no music".write(toFile: folder + "/notes.txt", atomically: true, encoding: .utf8)
                let arguments = ["client", cluster.registry.address.description, "upload", cluster.folder + "/music"]
                let first = try await Tool.run(Tool.rondo, arguments)
                #expect(first.exit == .exited(0), "\(first.text)\(first.errors)")
                #expect(first.lines.count { $0.hasPrefix("uploaded  ") } == 3)
                let second = try await Tool.run(Tool.rondo, arguments)
                #expect(second.exit == .exited(0))
                #expect(second.lines.count { $0.hasPrefix("present   ") } == 3)
                let list = try await Tool.run(Tool.rondo, ["client", cluster.registry.address.description, "list"])
                #expect(list.lines.count == 3)
            }
        }

        @Loop
        private static func uploadHasBegun(_ cluster: RealCluster, _ router: RealServer) -> Bool {
            let chunks = "\(cluster.folder)/\(router.name)/chunks"
            let files = FileManager.default.enumerator(atPath: chunks)?.compactMap { $0 as? String } ?? []
            return files.contains { $0.utf8.count > 64 }
        }
    }
}
