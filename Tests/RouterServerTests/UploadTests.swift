import HTTP
import Model
import Platform
import RouterServer
import Testing
import TestTools

@Suite struct UploadTests {
    private static let formType = "multipart/form-data; boundary=B"

    /// A form of fields and one file.
    private static func form(
        _ fields: [(String, String)] = [], file: [UInt8]?, name: String = "a.flac", part: String = "file"
    ) -> [UInt8] {
        var body: [UInt8] = []
        for (name, value) in fields {
            body += Array("--B\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        if let file {
            body += Array("--B\r\nContent-Disposition: form-data; name=\"\(part)\"; filename=\"\(name)\"\r\n\r\n".utf8)
            body += file + Array("\r\n".utf8)
        }
        return body + Array("--B--\r\n".utf8)
    }

    @Loop
    private static func post(_ server: TestServer, _ body: [UInt8], _ headers: Headers = [:]) async throws -> HTTPAnswer
    {
        var headers = headers
        headers["Content-Type"] = headers["Content-Type"] ?? formType
        return try await server.request("POST", "/api/v1/songs", headers: headers, body: body)
    }

    @Test func `The file's bytes, its name and the fields arrive, and 201 says how many have it`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer()
            server.uploads.outcome = { _, _, _ in .created(song.entry, replicas: 3) }
            let fields = [
                ("title", "T"), ("artist", "Ä"), ("album", "B"), ("genre", ""), ("year", "1994"), ("track", "7"),
                ("other", "x"),
            ]
            let answer = try await Self.post(server, Self.form(fields, file: song.bytes, name: "Müller.flac"))
            #expect(answer.status == 201)
            #expect(answer.headers["X-Rondo-Replicas"] == "3")
            #expect(answer.headers["Location"] == song.path)
            #expect(answer.text.contains("\"id\":\"\(song.entry.id)\""))
            #expect(server.uploads.bytes == song.bytes)
            #expect(server.uploads.fileName == "Müller.flac")
            #expect(
                server.uploads.tags == SongTags(title: "T", artist: "Ä", album: "B", genre: nil, year: 1994, track: 7))
            #expect(server.uploads.finished == 1 && server.uploads.aborted == 0)
            try await server.stop()
        }
    }

    @Test func `The same song is 200, another under its id 409, a refusal itself`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer()
            server.uploads.outcome = { _, _, _ in .existing(song.entry, replicas: 2) }
            let same = try await Self.post(server, Self.form(file: [1]))
            #expect(same.status == 200 && same.headers["X-Rondo-Replicas"] == "2")
            server.uploads.outcome = { _, _, _ in .collision(with: song.entry) }
            let other = try await Self.post(server, Self.form(file: [1]))
            #expect(other.status == 409 && other.text.contains("\(song.entry.id)"))
            #expect(try code(other) == "collision")
            server.uploads.outcome = nil
            let refused = try await Self.post(server, Self.form(file: [1]))
            #expect(refused.status == 422)
            #expect(try code(refused) == "not_audio")
            try await server.stop()
        }
    }

    @Test func `What is no upload gets its own error and stores nothing`() async throws {
        try await onLoop {
            var settings = WebAPI.Settings()
            settings.uploadLimit = 1000
            let server = try await TestServer(settings: settings)
            let big = [UInt8](repeating: 1, count: 1001)
            let cases: [(String, Int, [UInt8])] = [
                ("missing_file", 400, Self.form([("title", "x")], file: nil)),
                ("missing_file", 400, Self.form(file: [], name: "")),
                ("missing_file", 400, Self.form([("file", "text")], file: nil)),
                ("empty_file", 422, Self.form(file: [])),
                ("too_large", 413, Self.form(file: big)),
                ("bad_form", 400, Self.form(file: [1], part: "song")),
                ("bad_form", 400, Array(Self.form(file: [1]).dropLast(7)) + Self.form(file: [2])),
                ("bad_parameter", 400, Self.form([("year", "soon")], file: [1])),
                ("bad_parameter", 400, Self.form([("track", "0")], file: [1])),
                ("field_too_large", 413, Self.form([("title", String(repeating: "t", count: 5000))], file: [1])),
                ("truncated", 400, Array(Self.form(file: [1, 2, 3]).dropLast(8))),
                ("truncated", 400, []),
            ]
            for (expected, status, body) in cases {
                let answer = try await Self.post(server, body)
                #expect(answer.status == status, "\(expected)")
                #expect(try code(answer) == expected)
            }
            #expect(server.uploads.finished == 0)
            #expect(server.uploads.aborted == server.uploads.begun)
            let plain = try await Self.post(server, [1], ["Content-Type": "audio/flac"])
            #expect(plain.status == 415)
            #expect(try code(plain) == "unsupported_media_type")
            try await server.stop()
        }
    }

    @Test func `A body that announces too much is refused before it is read`() async throws {
        try await onLoop {
            let server = try await TestServer()
            let connection = try await server.connect()
            try await connection.send(
                "POST", "/api/v1/songs", headers: ["Content-Type": Self.formType, "Content-Length": "\(2 << 30)"])
            let answer = try await connection.answer(to: "POST")
            #expect(answer.status == 413)
            #expect(try code(answer) == "too_large")
            #expect(server.uploads.begun == 0)
            try await server.stop()
        }
    }

    @Test(arguments: [10, 100, 5000])
    func `A body cut off in the middle leaves nothing behind`(length: Int) async throws {
        try await onLoop {
            let server = try await TestServer()
            let body = Self.form(file: [UInt8](repeating: 7, count: 10_000))
            let connection = try await server.connect()
            try await connection.send(
                "POST", "/api/v1/songs", headers: ["Content-Type": Self.formType, "Content-Length": "\(body.count)"])
            try await connection.stream.write(body.prefix(length), deadline: soon)
            connection.stream.finishWriting()
            let answer = try await connection.answer(to: "POST")
            #expect(answer.status == 400)
            #expect(try code(answer) == "truncated")
            #expect(server.uploads.finished == 0)
            #expect(server.uploads.aborted == server.uploads.begun)
            #expect(server.uploads.begun == (length > 90 ? 1 : 0))
            #expect(try await server.get("/healthz").status == 200)
            try await server.stop()
        }
    }

    @Test func `A client that vanishes aborts its upload`() async throws {
        try await onLoop {
            let server = try await TestServer()
            let body = Self.form(file: [UInt8](repeating: 7, count: 10_000))
            let connection = try await server.connect()
            try await connection.send(
                "POST", "/api/v1/songs", headers: ["Content-Type": Self.formType, "Content-Length": "\(body.count)"])
            try await connection.stream.write(body.prefix(5000), deadline: soon)
            connection.close()
            #expect(await server.uploads.ended.wait(beyond: 0, until: soon) == 1)
            #expect(server.uploads.aborted == 1 && server.uploads.finished == 0)
            try await server.stop()
        }
    }

    @Test func `A full disk and too few servers are told while the file still comes`() async throws {
        try await onLoop {
            let server = try await TestServer()
            server.uploads.capacity = 100_000
            let body = Self.form(file: [UInt8](repeating: 7, count: 3_000_000))
            let full = try await Self.post(server, body)
            #expect(full.status == 507)
            #expect(try code(full) == "disk_full")
            #expect(server.uploads.aborted == 1)
            server.uploads.refusesToBegin = APIError(503, "too_few_servers", "Too few.", retryAfter: 2)
            let few = try await Self.post(server, body)
            #expect(few.status == 503 && few.headers["Retry-After"] == "2")
            #expect(try code(few) == "too_few_servers")
            try await server.stop()
        }
    }

    @Test func `With a write token only those who have it may upload`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            var settings = WebAPI.Settings()
            settings.writeToken = "secret"
            let server = try await TestServer(settings: settings)
            server.uploads.outcome = { _, _, _ in .created(song.entry, replicas: 3) }
            for given in [nil, "Bearer wrong", "secret", "Bearer secret2"] as [String?] {
                var headers: Headers = [:]
                headers["Authorization"] = given
                let answer = try await Self.post(server, Self.form(file: [1]), headers)
                #expect(answer.status == 401)
                #expect(answer.headers["WWW-Authenticate"] == "Bearer")
            }
            let answer = try await Self.post(server, Self.form(file: [1]), ["Authorization": "Bearer secret"])
            #expect(answer.status == 201)
            #expect(try await server.get("/api/v1/songs").status == 200)
            try await server.stop()
        }
    }

    @Test func `A page of another site may not upload, a member's may`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer()
            server.uploads.outcome = { _, _, _ in .created(song.entry, replicas: 3) }
            let cases = [
                ("http://evil.example", 403), ("http://127.0.1.2:8080", 201), ("http://music.example", 201),
                ("http://server:80", 201),
            ]
            for (origin, status) in cases {
                #expect(try await Self.post(server, Self.form(file: [1]), ["Origin": origin]).status == status)
            }
            #expect(try await server.get("/api/v1/songs", ["Origin": "http://evil.example"]).status == 200)
            try await server.stop()
        }
    }
}
