import FoundationEssentials
import HTTP
import Model
import RouterServer
import Testing
import TestTools

@Suite struct CatalogueAPITests {
    private struct Page: Decodable {
        struct Song: Decodable {
            var id: SongID
            var title: String
        }
        var songs: [Song]
        var total: Int
        var next: String?
    }

    @Test func `A song has every key, null where nothing is known`() async throws {
        let song = try TestSong("Élan/vital", artist: "Björk \"B\"")
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get(song.path)
            let hash = song.entry.content.value.sha256
            #expect(
                answer.text == """
                    {"addedAt":"1994-11-06T08:49:37Z","album":"Something","artist":"Björk \\"B\\"","available":true,\
                    "bytes":\(song.bytes.count),"chunks":12,"contentType":"audio/flac","cover":"\(song.path)/cover",\
                    "durationMs":100000,"genre":null,"id":"\(song.entry.id)","loudness":null,"sha256":"\(hash)",\
                    "title":"Élan/vital","track":null,"year":1994}
                    """)
            #expect(answer.headers["Content-Type"] == "application/json")
            try await server.stop()
        }
    }

    @Test func `Lists page through all songs once, search and filter`() async throws {
        let songs = try (0..<7).map { try TestSong("Song \($0)", artist: $0 < 3 ? "Ann" : "Ben", seed: UInt64($0)) }
        try await onLoop {
            let server = try await TestServer(songs)
            var titles: [String] = []
            var cursor: String? = ""
            while let next = cursor {
                let query = next.isEmpty ? "" : "&cursor=\(PercentCoding.encode(next))"
                let page = try JSONText.decode(
                    Page.self, from: try await server.get("/api/v1/songs?limit=3&sort=title\(query)").body)
                #expect(page.total == 7)
                titles += page.songs.map(\.title)
                cursor = page.next
            }
            #expect(titles == songs.map(\.entry.title.value).sorted())
            let found = try JSONText.decode(Page.self, from: try await server.get("/api/v1/songs?q=son+ann").body)
            #expect(found.total == 3)
            let filtered = try JSONText.decode(
                Page.self, from: try await server.get("/api/v1/songs?artist=Ben&title=song").body)
            #expect(filtered.total == 4)
            let none = try await server.get("/api/v1/songs?q=nothing")
            #expect(none.text == #"{"next":null,"songs":[],"total":0}"#)
            #expect(try await server.get("/api/v1/artists").text.contains(#""name":"Ann","songs":3"#))
            #expect(try await server.get("/api/v1/albums").text.hasPrefix(#"{"albums":["#))
            #expect(try await server.get("/api/v1/genres").text.hasPrefix(#"{"genres":["#))
            let first = try await server.get("/api/v1/artists?limit=1").text
            let next = try #require(first.firstMatch(of: #/"next":"([\w-]+)"/#)?.1)
            #expect(try await server.get("/api/v1/artists?cursor=\(next)").text.contains(#""name":"Ben""#))
            #expect(try await server.get("/api/v1/artists?cursor=garbage").status == 400)
            try await server.stop()
        }
    }

    @Test(arguments: [
        "limit=0", "limit=501", "limit=x", "limit=-1", "limit=", "sort=size", "cursor=garbage", "sha256=12", "q=a&q=b",
        "artist=\(String(repeating: "a", count: 300))",
    ])
    func `A wrong parameter is 400 with its name`(query: String) async throws {
        try await onLoop {
            let server = try await TestServer()
            let answer = try await server.get("/api/v1/songs?\(query)")
            #expect(answer.status == 400)
            #expect(try code(answer) == "bad_parameter")
            #expect(answer.text.contains(query.prefix { $0 != "=" }))
            try await server.stop()
        }
    }

    @Test(arguments: [
        "/nothing", "/api", "/api/v1", "/api/v2/songs", "/api/v1/songs/", "/api/v1/cluster/x", "/index.html/",
        "/rondo.mjs/x", "/Web/index.html", "/api/v1/songs/00000000-0000-0000-0000-000000000000/other",
    ])
    func `What is not there is 404`(path: String) async throws {
        try await onLoop {
            let server = try await TestServer()
            #expect(try await server.get(path).status == 404)
            try await server.stop()
        }
    }

    @Test func `A path with dots is 400 and the server goes on`() async throws {
        try await onLoop {
            let server = try await TestServer()
            for path in ["/../etc/passwd", "/api/v1/songs/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"] {
                let answer = try await server.get(path)
                #expect(answer.status == 400)
                #expect(try code(answer) == "bad_path")
            }
            #expect(try await server.get("/healthz").status == 200)
            try await server.stop()
        }
    }

    @Test func `Methods that an address does not know are 405 with those it knows`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            for method in ["POST", "PUT", "BREW"] {
                let answer = try await server.request(method, song.path)
                #expect(answer.status == 405)
                #expect(answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH")
                #expect(try code(answer) == "wrong_method")
            }
            let songs = try await server.request("DELETE", "/api/v1/songs")
            #expect(songs.headers["Allow"] == "GET, HEAD, OPTIONS, POST")
            let options = try await server.request("OPTIONS", "/api/v1/songs")
            #expect(options.status == 204 && options.headers["Allow"] == "GET, HEAD, OPTIONS, POST")
            try await server.stop()
        }
    }
}

@Suite struct ClusterAPITests {
    @Test func `The cluster's state is what the spec names`() async throws {
        try await onLoop {
            let server = try await TestServer()
            let answer = try await server.get("/api/v1/cluster")
            let status = try JSONText.decode(ClusterStatus.self, from: answer.body)
            #expect(status == server.cluster.status)
            #expect(answer.text.contains(#""counts":{"data":2,"router":3}"#))
            #expect(answer.text.contains(#""replication":{"lost":0,"target":3,"under":0}"#))
            #expect(answer.text.contains(#""publicHttp":"music.example:80""#))
            #expect(answer.text.contains(#""self":"\#(ServerID(1))""#))
            try await server.stop()
        }
    }

    @Test func `Every change of the cluster is an event, and silence is filled`() async throws {
        try await onLoop {
            var settings = WebAPI.Settings()
            settings.eventHeartbeat = .milliseconds(50)
            let server = try await TestServer(settings: settings)
            let connection = try await server.connect()
            try await connection.send("GET", "/api/v1/cluster/events")
            let head = try await connection.readHead()
            #expect(head.headers["Content-Type"] == "text/event-stream")
            try await connection.read(until: "data: {\"bytes\":2,")
            try await connection.read(until: ": still here\n\n")
            server.cluster.status.bytes = 99
            server.cluster.changes.changed()
            try await connection.read(until: "data: {\"bytes\":99,")
            connection.close()
            try await server.stop()
        }
    }

    @Test func `Whoever watches is told what happened in the ring, the last of it first, and each thing once`()
        async throws
    {
        try await onLoop {
            let server = try await TestServer()
            var alert = RingEvent(.alertPassed)
            (alert.alert, alert.next) = ("a#1", ServerID(9))
            server.cluster.events.noted = { [cluster = server.cluster] in cluster.changes.changed() }
            for _ in 0..<100 { server.cluster.events.note(RingEvent(.died, about: ServerID(7))) }
            server.cluster.events.note(alert)
            let connection = try await server.connect()
            try await connection.send("GET", "/api/v1/cluster/events")
            _ = try await connection.readHead()
            let told = try await connection.read(until: "id: 101\ndata: {\"alert\":\"a#1\",\"at\":\"")
            #expect(!told.contains("id: 37\n"))
            #expect(told.contains("event: ring\nid: 38\ndata: {\"about\":\"\(ServerID(7))\",\"at\":\""))
            server.cluster.events.note(RingEvent(.manager))
            let next = try await connection.read(until: "id: 102\ndata: ")
            #expect(!next.contains("id: 100\n"))
            connection.close()
            // A browser that comes back says what it had last.
            let again = try await server.connect()
            try await again.send("GET", "/api/v1/cluster/events", headers: ["Last-Event-ID": "101"])
            _ = try await again.readHead()
            let rest = try await again.read(until: "id: 102\n")
            #expect(!rest.contains("id: 101\n"))
            again.close()
            try await server.stop()
        }
    }

    @Test func `Health, readiness and metrics say how the server is`() async throws {
        try await onLoop {
            let server = try await TestServer()
            #expect(try await server.get("/healthz").status == 200)
            #expect(try await server.get("/readyz").status == 200)
            server.cluster.unreadiness = ["not in the ring", "not registered"]
            let answer = try await server.get("/readyz")
            #expect(answer.status == 503)
            #expect(try code(answer) == "not_ready")
            #expect(answer.text.contains("not in the ring; not registered"))
            #expect(try await server.get("/healthz").status == 200)
            let metrics = try await server.get("/metrics")
            #expect(metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.text == server.cluster.metricsText)
            try await server.stop()
        }
    }

    @Test func `A song that is not known yet is no song that does not exist`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let unknown = "/api/v1/songs/00000000-0000-0000-0000-000000000001/audio"
            #expect(try await server.get(unknown).status == 404)
            server.cluster.knowsAllSongs = false
            let answer = try await server.get(unknown)
            #expect(answer.status == 503)
            #expect(try code(answer) == "catalogue_incomplete")
            #expect(answer.headers["Retry-After"] == "1")
            #expect(try await server.get(song.path).status == 200)
            try await server.stop()
        }
    }

    @Test func `A Data server serves what it holds and sends listeners to a Router`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            server.cluster.servesListeners = false
            for path in ["/audio", "/chunks/0"] { #expect(try await server.get(song.path + path).status == 200) }
            for path in ["/api/v1/cluster", "/healthz", "/readyz", "/metrics"] {
                #expect(try await server.get(path).status == 200)
            }
            let lost = try await server.get("/api/v1/songs")
            #expect(lost.status == 503)
            #expect(try code(lost) == "no_router")
            #expect(lost.headers["Retry-After"] == "1")
            server.cluster.otherRouters = ["127.0.1.4:8080"]
            for path in ["/", "/api/v1/songs?q=a%20b", "\(song.path)/manifest"] {
                let answer = try await server.get(path)
                #expect(answer.status == 307)
                #expect(answer.headers["Location"] == "http://127.0.1.4:8080\(path)")
            }
            #expect(try await server.request("POST", "/api/v1/songs", body: [1]).status == 307)
            try await server.stop()
        }
    }

    @Test func `A server that sends enough songs sends listeners to one with room, and says so where there is none`()
        async throws
    {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            server.cluster.hasRoom = false
            let streams = ["\(song.path)/audio", "\(song.path)/fragment?from_ms=1", "\(song.path)/seg/0.m4s"]
            for path in streams {
                let answer = try await server.get(path)
                #expect(answer.status == 503 && answer.headers["Retry-After"] == "2", "\(path)")
                #expect(try code(answer) == "too_many_streams")
            }
            server.cluster.routersWithRoom = ["127.0.1.5:8080"]
            for path in streams {
                let answer = try await server.get(path)
                #expect(answer.status == 307)
                #expect(answer.headers["Location"] == "http://127.0.1.5:8080\(path)")
            }
            for path in ["/", "/api/v1/songs", song.path, "\(song.path)/chunks/0"] {
                #expect(try await server.get(path).status == 200, "\(path)")
            }
            try await server.stop()
        }
    }

    @Test func `The page's files are there, and nothing but their own scripts runs`() async throws {
        try await onLoop {
            let server = try await TestServer()
            for (path, type) in [
                ("/", "text/html; charset=utf-8"), ("/index.html", "text/html; charset=utf-8"),
                ("/rondo.mjs", "text/javascript; charset=utf-8"), ("/rondo.css", "text/css; charset=utf-8"),
                ("/icon.svg", "image/svg+xml"), ("/rondo.webmanifest", "application/manifest+json"),
            ] {
                let answer = try await server.get(path)
                #expect(answer.status == 200)
                #expect(!answer.body.isEmpty)
                #expect(answer.headers["Content-Type"] == type)
                #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
                let policy = answer.headers["Content-Security-Policy"]
                #expect(policy?.contains("default-src 'none'; script-src 'self';") == true)
                #expect(policy?.contains("unsafe") == false)
                let again = try await server.get(path, ["If-None-Match": answer.headers["ETag"] ?? ""])
                #expect(again.status == 304)
            }
            try await server.stop()
        }
    }
}
