import Client
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// What real browsers' Media Source makes of segments.
    @Suite struct BrowserTests {
        /// What each browser decodes in fragmented MP4; the others have the original or its chunks.
        private static let songs: [Browser.Kind: [String]] = [
            .chromium: ["song.flac", "song-aac.m4a", "song-alac.m4a", "song.opus", "song.wav", "song.aac"],
            .firefox: ["song.mp3", "song.flac", "song-aac.m4a", "song.opus", "song.wav", "song.aac"],
        ]

        @Test(arguments: Browser.Kind.allCases)
        func `a browser's Media Source takes the segments and seeks in them`(kind: Browser.Kind) async throws {
            try await withCluster(["data", "data", "router"], extra: ["--pin"]) { cluster in
                let router = try #require(await cluster.running(.router).first)
                let names = Self.songs[kind] ?? []
                var addresses: [String] = []
                var lengths: [Double] = []
                for name in names {
                    var file = try Music.song("formats/" + name)
                    let isRendered = name.hasSuffix(".wav") || name.contains("alac")
                    if isRendered { file = try await Music.piece(of: file, in: cluster.folder) }
                    let answer = try await Curl.upload(file, to: router, fields: ["title": "A song in \(name)"])
                    try #require(answer.status == 201)
                    addresses.append("\(router.url)/api/v1/songs/\(try #require(answer.json["id"] as? String))")
                    _ = try await Curl.playlist(of: addresses[addresses.count - 1])
                    lengths.append(Double(try #require(answer.json["durationMs"] as? Int)) / 1000)
                }
                // Firefox plays nothing on a machine without a sound card.
                let reports = try await Browser(kind).reports(on: addresses, plays: kind == .chromium)
                for ((name, length), report) in zip(zip(names, lengths), reports) {
                    try Self.check(report, name, length, plays: kind == .chromium)
                }
            }
        }

        private static func check(_ report: Browser.Report, _ name: String, _ length: Double, plays: Bool) throws {
            #expect(report.error == nil && report.isSupported == true, "\(name): \(report)")
            #expect(abs((report.duration ?? 0) - length) < 0.01, "\(name): \(report)")
            // The first three segments without a gap between them, and the last one.
            let buffered = try #require(report.buffered, "\(name)")
            try #require(buffered.count == 2, "\(name): \(report)")
            #expect(buffered[0][0] < 0.05 && abs(buffered[0][1] - 30) < 2, "\(name): \(report)")
            #expect(abs(buffered[1][1] - length) < 0.1, "\(name): \(report)")
            let seeks = try #require(report.seeks)
            #expect(seeks.count == 5)
            for seek in seeks { #expect(abs(seek[0] - seek[1]) < 0.03 && seek[2] >= 2, "\(name): \(report)") }
            if plays { #expect((report.played?.last ?? 0) >= 10.6, "\(name): \(report)") }
        }
    }
}
