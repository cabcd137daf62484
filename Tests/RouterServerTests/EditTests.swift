import HTTP
import Model
import Platform
import RouterServer
import Testing
import TestTools

@Suite struct EditTests {
    @Loop
    private static func patch(
        _ server: TestServer, _ path: String, _ json: String, _ headers: Headers = [:]
    ) async throws -> HTTPAnswer {
        var headers = headers
        headers["Content-Type"] = headers["Content-Type"] ?? "application/json"
        return try await server.request("PATCH", path, headers: headers, body: Array(json.utf8))
    }

    @Test func `An edit changes what it names, keeps the id, and says how many have it`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await Self.patch(
                server, song.path, #"{"title": " Neu ", "genre": "Jazz", "year": null, "track": 7}"#)
            #expect(answer.status == 200 && answer.headers["X-Rondo-Replicas"] == "3")
            #expect(server.edits.tags == [SongTags(title: "Neu", genre: "Jazz", year: 0, track: 7)])
            let after = try await server.get(song.path).text
            #expect(after == answer.text)
            for part in [#""title":"Neu""#, #""genre":"Jazz""#, #""year":null"#, #""track":7"#, "\(song.entry.id)"] {
                #expect(after.contains(part))
            }
            #expect(try await server.get("/api/v1/songs?q=neu").text.contains("\"total\":1"))
            #expect(try await server.get("/api/v1/songs?q=one").text.contains("\"total\":0"))
            try await server.stop()
        }
    }

    @Test func `An artist or album taken away becomes the unknown one`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await Self.patch(
                server, song.path, #"{"artist": null, "album": "  "}"#,
                ["Content-Type": "application/merge-patch+json; charset=utf-8"])
            #expect(answer.status == 200)
            #expect(answer.text.contains("Unknown Artist") && answer.text.contains("Unknown Album"))
            try await server.stop()
        }
    }

    @Test(arguments: [
        (#"{"title": ""}"#, "bad_field"), (#"{"title": null}"#, "bad_field"), (#"{"year": 0}"#, "bad_field"),
        (#"{"year": "1994"}"#, "bad_field"), (#"{"track": 10000}"#, "bad_field"), (#"{"track": 1.5}"#, "bad_field"),
        (#"{"genre": 3}"#, "bad_field"), (#"{"sha256": "x"}"#, "bad_field"), ("{}", "bad_patch"),
        ("[]", "bad_patch"), ("", "bad_patch"), ("{", "bad_patch"), ("\u{0}", "bad_patch"),
    ])
    func `A wrong edit is 400 and changes nothing`(json: String, code expected: String) async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let before = try await server.get(song.path).text
            let answer = try await Self.patch(server, song.path, json)
            #expect(answer.status == 400)
            #expect(try code(answer) == expected)
            #expect(server.edits.tags.isEmpty)
            #expect(try await server.get(song.path).text == before)
            try await server.stop()
        }
    }

    @Test func `A deleted song is gone from everywhere, and may be deleted again`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.request("DELETE", song.path)
            #expect(answer.status == 204 && answer.body.isEmpty && answer.headers["X-Rondo-Replicas"] == "3")
            for path in ["", "/audio", "/manifest", "/cover", "/chunks/0", "/fragment", "/providers"] {
                #expect(try await server.get(song.path + path).status == 404)
            }
            #expect(try await server.get("/api/v1/songs").text.contains("\"total\":0"))
            #expect(try await server.request("DELETE", song.path).status == 204)
            #expect(try await server.request("DELETE", try TestSong("Never", seed: 2).path).status == 404)
            #expect(try await Self.patch(server, song.path, #"{"title": "x"}"#).status == 404)
            try await server.stop()
        }
    }

    @Test func `Edits need the write token, JSON, and no foreign page`() async throws {
        let song = try TestSong.one()
        var settings = WebAPI.Settings()
        settings.writeToken = "secret"
        let chosen = settings
        try await onLoop {
            let server = try await TestServer([song], settings: chosen)
            let right: Headers = ["Authorization": "Bearer secret"]
            let json = #"{"title": "x"}"#
            #expect(try await Self.patch(server, song.path, json).status == 401)
            #expect(try await server.request("DELETE", song.path).status == 401)
            var foreign = right
            foreign["Origin"] = "http://evil.example"
            #expect(try await Self.patch(server, song.path, json, foreign).status == 403)
            #expect(try await server.request("DELETE", song.path, headers: foreign).status == 403)
            // The page of a server that has died since goes on with this one.
            foreign["Origin"] = "http://127.0.1.9:8080"
            #expect(try await Self.patch(server, song.path, json, foreign).status == 403)
            server.cluster.goneHosts = ["127.0.1.9:8080"]
            #expect(try await Self.patch(server, song.path, json, foreign).status == 200)
            var form = right
            form["Content-Type"] = "application/x-www-form-urlencoded"
            #expect(try await Self.patch(server, song.path, json, form).status == 415)
            let long = #"{"title": "\#(String(repeating: "x", count: 70_000))"}"#
            #expect(try await Self.patch(server, song.path, long, right).status == 413)
            #expect(server.edits.tags.count == 1)
            #expect(try await Self.patch(server, song.path, json, right).status == 200)
            #expect(try await server.request("DELETE", song.path, headers: right).status == 204)
            try await server.stop()
        }
    }

    @Test func `A change that too few servers took is 503, and other methods are 405`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            server.edits.refusal = APIError(503, "too_few_servers", "Too few.", retryAfter: 2)
            let answer = try await server.request("DELETE", song.path)
            #expect(answer.status == 503 && answer.headers["Retry-After"] == "2")
            #expect(try await server.request("DELETE", "/api/v1/songs").status == 405)
            let wrong = try await server.request("POST", song.path)
            #expect(wrong.status == 405 && wrong.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH")
            try await server.stop()
        }
    }

    @Test func `What is kept of a song's answer follows every edit, and whether the song can be played`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let first = try await server.get(song.path)
            #expect(try await server.get(song.path).body == first.body)
            for title in ["Zwei", "Drei"] {
                _ = try await Self.patch(server, song.path, "{\"title\": \"\(title)\"}")
                for _ in 0..<2 { #expect(try await server.get(song.path).text.contains("\"title\":\"\(title)\"")) }
            }
            server.library.isReachable = false
            #expect(try await server.get(song.path).text.contains("\"available\":false"))
            server.library.isReachable = true
            for _ in 0..<2 { #expect(try await server.get(song.path).text.contains("\"available\":true")) }
            try await server.stop()
        }
    }
}
