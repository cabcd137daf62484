import Client
import Crypto
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// Songs as HLS and fragmented MP4, for players that know nothing of Rondo.
    @Suite struct SegmentTests {
        private static let names = [
            "song.mp3", "song.flac", "song-aac.m4a", "song.opus", "song.aac",
        ]

        /// Each format uploaded under a name of its own: the ids in their order.
        @Loop
        private static func upload(_ names: [String] = names, to router: RealServer) async throws -> [String] {
            var ids: [String] = []
            for name in names {
                let answer = try await Curl.upload(
                    try Music.song("formats/" + name), to: router, fields: ["title": "A song in \(name)"])
                try #require(answer.status == 201, "\(name): \(String(decoding: answer.body, as: UTF8.self))")
                ids.append(try #require(answer.json["id"] as? String))
            }
            return ids
        }

        /// The names of a song's segments, as soon as there are any.
        @Loop
        private static func segments(of song: String) async throws -> [String] {
            let list = try await Curl.playlist(of: song)
            return list.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        }

        @Test func `every Router gives the same playlists and segments, bit for bit, under the same tags`()
            async throws
        {
            try await withCluster(["data", "data", "router", "router", "router"], extra: ["--pin"]) { cluster in
                let routers = await cluster.running(.router)
                for id in try await Self.upload(to: try #require(routers.first)) {
                    let path = "/api/v1/songs/\(id)"
                    let names = try await Self.segments(of: routers[0].url + path)
                    #expect(names.count > 10)
                    for name in ["hls.m3u8", "init.mp4"] + names {
                        var answers: Set<String> = []
                        for router in routers {
                            let answer = try await Curl.get("\(router.url)\(path)/\(name)")
                            #expect(answer.status == 200)
                            #expect(answer.headers["content-length"] == String(answer.body.count))
                            answers.insert("\(SHA(answer.body)) \(answer.headers["etag"] ?? "none")")
                        }
                        #expect(answers.count == 1, "\(name) of \(id)")
                    }
                }
            }
        }

        @Test func `what no browser has in segments is made into FLAC once, the same everywhere, without a loss`()
            async throws
        {
            try await withCluster(["data", "data", "router", "router", "router"], extra: ["--pin"]) { cluster in
                let routers = await cluster.running(.router)
                for (name, format) in [("song.wav", "pcm_s32le"), ("song.ogg", "pcm_s16le")] {
                    let whole = name == "song.ogg" ? try Music.songs(1)[0] : try Music.song("formats/" + name)
                    let file = try await Music.piece(of: whole, in: cluster.folder)
                    let upload = try await Curl.upload(file, to: routers[0], fields: ["title": "A song in \(name)"])
                    try #require(upload.status == 201)
                    let path = "/api/v1/songs/\(try #require(upload.json["id"] as? String))"
                    // Two are asked at the same time, and each makes one.
                    let other = Loop.start("other") { try await Self.segments(of: routers[1].url + path) }
                    let names = try await Self.segments(of: routers[0].url + path)
                    #expect(try await other.value == names)
                    try await eventually(within: .seconds(5), "one rendition everywhere", state: cluster.report) {
                        var found: Set<String> = []
                        for router in routers {
                            found.insert(try await Self.rendition(of: router.url + path) ?? "none")
                        }
                        return found.count == 1 && !found.contains("none")
                    }
                    for name in ["init.mp4", names[2]] {
                        var answers: Set<String> = []
                        for router in routers {
                            let answer = try await Curl.get("\(router.url)\(path)/\(name)")
                            answers.insert("\(answer.status) \(SHA(answer.body)) \(answer.headers["etag"] ?? "none")")
                        }
                        #expect(answers.count == 1 && answers.first?.hasPrefix("200") == true, "\(answers)")
                    }
                    let heard = try await Self.decoded(routers[2].url + path + "/hls.m3u8", as: format)
                    #expect(try await heard == Self.decoded(file, as: format))
                    let audio = try await Curl.get(routers[1].url + path + "/audio")
                    #expect(SHA(audio.body) == (try Music.hash(file)))
                    let hash = try #require(try await Self.rendition(of: routers[0].url + path))
                    let copies = cluster.servers.filter { server in
                        FileManager.default.fileExists(
                            atPath: "\(cluster.folder)/\(server.name)/chunks/\(hash.prefix(2))/"
                                + "\(hash.dropFirst(2).prefix(2))/\(hash)")
                    }
                    #expect(copies.count >= 3)
                }
            }
        }

        @Test func `a rendition that is lost on all disks is made again, to the same bytes`() async throws {
            try await withCluster(["data", "data", "router"], extra: ["--pin"]) { cluster in
                let router = cluster.servers[2]
                let file = try await Music.piece(of: try Music.songs(1)[0], in: cluster.folder)
                let upload = try await Curl.upload(file, to: router)
                let song = "\(router.url)/api/v1/songs/\(try #require(upload.json["id"] as? String))"
                let names = try await Self.segments(of: song)
                let segment = try await Curl.get("\(song)/\(names[1])")
                let hash = try #require(try await Self.rendition(of: song))
                for server in cluster.servers { await server.kill() }
                for server in cluster.servers {
                    let path = "\(server.home)/chunks/\(hash.prefix(2))/\(hash.dropFirst(2).prefix(2))/\(hash)"
                    try FileManager.default.removeItem(atPath: path)
                }
                for server in cluster.servers { try server.start() }
                try await cluster.ready()
                try await eventually(within: .seconds(20), "the rendition is given up", state: cluster.report) {
                    try await Self.rendition(of: song) == nil
                }
                #expect(try await Self.segments(of: song) == names)
                #expect(try await Self.rendition(of: song) == hash)
                #expect(try await Curl.get("\(song)/\(names[1])").body == segment.body)
                #expect(SHA(try await Curl.get(song + "/audio").body) == (try Music.hash(file)))
            }
        }

        /// The hash of the rendition's manifest, by the song's own; nil while there is none.
        @Loop
        private static func rendition(of song: String) async throws -> String? {
            (try await Curl.get(song + "/manifest").json["rendition"] as? [String: Any])?["sha256"] as? String
        }

        @Test func `a segment goes on at another Router, at the same byte, when its own is killed`() async throws {
            try await withCluster(["data", "data", "router", "router", "router"], extra: ["--pin"]) { cluster in
                let routers = await cluster.running(.router)
                let id = try #require(try await Self.upload(["song.flac"], to: routers[0]).first)
                let path = "/api/v1/songs/\(id)/seg/4.m4s"
                let whole = try await Curl.get(routers[0].url + path)
                let tag = try #require(whole.headers["etag"])
                let half = whole.body.count / 2
                await routers[0].kill()
                let rest = try await Curl.get(
                    routers[1].url + path, ["-H", "Range: bytes=\(half)-", "-H", "If-Range: \(tag)"])
                #expect(rest.status == 206)
                #expect(rest.body.elementsEqual(whole.body[half...]))
            }
        }

        @Test func `ffmpeg decodes a playlist to the samples of the original, and ffprobe and mpv play it`()
            async throws
        {
            try await withCluster(["data", "data", "router"], extra: ["--pin"]) { cluster in
                let router = try #require(await cluster.running(.router).first)
                let ids = try await Self.upload(to: router)
                for (name, id) in zip(Self.names, ids) {
                    let url = "\(router.url)/api/v1/songs/\(id)/hls.m3u8"
                    let probe = try await Tool.run(
                        "ffprobe",
                        ["-v", "error", "-show_entries", "format=duration:stream=codec_name", "-of", "csv=p=0", url])
                    try probe.expectSuccess()
                    let record = try await Curl.get("\(router.url)/api/v1/songs/\(id)").json
                    let length = Double(try #require(record["durationMs"] as? Int)) / 1000
                    let shown = try #require(probe.lines.compactMap { Double($0) }.last)
                    #expect(abs(shown - length) < 0.01, "\(name) \(probe.lines)")
                    if name == "song.flac" {
                        let original = try await Self.decoded(try Music.song("formats/" + name))
                        #expect(try await Self.decoded(url) == original)
                    }
                    let mpv = try await Tool.run(
                        "mpv",
                        [
                            "--no-config", "--no-video", "--ao=null", "--ao-null-untimed", "--msg-level=all=warn", url,
                        ], within: .seconds(60))
                    try mpv.expectSuccess()
                    #expect(!mpv.text.contains("rror"), "\(name): \(mpv.text)")
                }
            }
        }

        @Test func `Python's m3u8 reads the playlist, whose parts are the song's`() async throws {
            try await withCluster(["data", "data", "router"], extra: ["--pin"]) { cluster in
                let router = try #require(await cluster.running(.router).first)
                let id = try #require(try await Self.upload(["song-aac.m4a"], to: router).first)
                let url = "\(router.url)/api/v1/songs/\(id)/hls.m3u8"
                let script = """
                    import json, m3u8, sys
                    from urllib.parse import urljoin
                    list = m3u8.load(sys.argv[1])
                    print(json.dumps({
                        "ends": list.is_endlist, "type": list.playlist_type, "version": list.version,
                        "target": list.target_duration, "map": list.segment_map["uri"] if isinstance(
                            list.segment_map, dict) else list.segment_map[0].uri,
                        "seconds": [part.duration for part in list.segments],
                        "parts": [urljoin(sys.argv[1], part.uri) for part in list.segments]}))
                    """
                let read = try await Tool.run("/usr/bin/python3", ["-c", script, url])
                try read.expectSuccess()
                let found = try #require(
                    try JSONSerialization.jsonObject(with: Data(read.output)) as? [String: Any], "\(read.errors)")
                #expect(found["ends"] as? Bool == true && found["map"] as? String == "init.mp4")
                #expect((found["type"] as? String)?.lowercased() == "vod")
                let seconds = try #require(found["seconds"] as? [Double])
                let record = try await Curl.get("\(router.url)/api/v1/songs/\(id)").json
                let length = try #require(record["durationMs"] as? Int)
                #expect(abs(seconds.reduce(0, +) * 1000 - Double(length)) < 1)
                #expect(seconds.max() ?? 0 <= Double(try #require(found["target"] as? Int)))
                for part in try #require(found["parts"] as? [String]) {
                    #expect(try await Curl.get(part, ["--head"]).status == 200)
                }
            }
        }
    }
}

extension Tool.Result {
    /// Fails a test that needs what the program did.
    fileprivate var explanation: String { "\(exit): \(text)\(errors)" }
}

extension ClusterTests.SegmentTests {
    /// The MD5 of what ffmpeg decodes.
    @Loop
    fileprivate static func decoded(_ input: String, as format: String = "pcm_s32le") async throws -> String {
        let run = try await Tool.run(
            "ffmpeg", ["-nostdin", "-v", "error", "-i", input, "-map", "0:a", "-c:a", format, "-f", "md5", "-"])
        #expect(run.exit == .exited(0) && run.errors.isEmpty, "\(run.explanation)")
        return run.text
    }
}
