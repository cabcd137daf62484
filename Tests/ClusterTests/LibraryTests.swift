import Client
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// The library shows what is in the files.
    @Suite struct LibraryTests {
        @Test func `every song is listed with the tags that ffprobe shows`() async throws {
            try await withCluster(["auto", "auto", "auto"]) { cluster in
                let router = try #require(await cluster.running(.router).first)
                for path in try Music.songs(6) {
                    let answer = try await Curl.upload(path, to: router)
                    #expect(answer.status == 201)
                    let tags = try await Self.tags(of: path)
                    #expect(answer.json["title"] as? String == tags["title"])
                    #expect(answer.json["artist"] as? String == tags["artist"])
                    #expect(answer.json["album"] as? String == tags["album"])
                }
                let list = try await Tool.run(
                    Tool.rondo, ["client", cluster.registry.address.description, "list"])
                #expect(list.lines.count == 6)
            }
        }

        @Loop
        private static func tags(of path: String) async throws -> [String: String] {
            let probe = try await Tool.run(
                "ffprobe", ["-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", path])
            try probe.expectSuccess()
            let object = try JSONSerialization.jsonObject(with: Data(probe.output)) as? [String: Any] ?? [:]
            let format = (object["format"] as? [String: Any])?["tags"] as? [String: String] ?? [:]
            let streams = object["streams"] as? [[String: Any]] ?? []
            let stream = streams.compactMap { $0["tags"] as? [String: String] }.first ?? [:]
            let all = stream.merging(format) { $1 }
            return Dictionary(all.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
        }
    }
}
