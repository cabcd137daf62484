import Crypto
import FoundationEssentials
import HTTP
import Model
import RouterServer
import Testing
import TestTools

/// The part of an error's body that programs read.
func code(_ answer: HTTPAnswer) throws -> String {
    try JSONText.decode(ErrorBody.self, from: answer.body).error.code
}

@Suite struct AudioTests {
    @Test func `The original comes back bit for bit with its hash as its tag`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/audio")
            #expect(answer.status == 200)
            #expect(answer.body == song.bytes)
            #expect(answer.headers["ETag"] == song.tag)
            #expect(answer.headers["Accept-Ranges"] == "bytes")
            #expect(answer.headers["Content-Type"] == "audio/flac")
            #expect(answer.headers["Content-Length"] == String(song.bytes.count))
            let head = try await server.request("HEAD", "\(song.path)/audio", headers: ["Range": "bytes=0-1"])
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers["Content-Length"] == String(song.bytes.count))
            #expect(head.headers["ETag"] == song.tag)
            try await server.stop()
        }
    }

    @Test(arguments: [(0, 0), (0, 999), (1, 70_000), (90_999, 91_001), (899_999, 901_172)])
    func `A range is exactly its bytes`(first: Int, last: Int) async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/audio", ["Range": "bytes=\(first)-\(last)"])
            #expect(answer.status == 206)
            #expect(answer.body.elementsEqual(song.bytes[first...last]))
            #expect(answer.headers["Content-Range"] == "bytes \(first)-\(last)/\(song.bytes.count)")
            #expect(answer.headers["Content-Length"] == String(last - first + 1))
            #expect(answer.headers["ETag"] == song.tag)
            #expect(server.library.bytesRead == Int64(last - first + 1))
            try await server.stop()
        }
    }

    @Test func `Open and suffix ranges resume a download`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let rest = try await server.get("\(song.path)/audio", ["Range": "bytes=900000-", "If-Range": song.tag])
            #expect(rest.status == 206 && rest.body.elementsEqual(song.bytes[900_000...]))
            let end = try await server.get("\(song.path)/audio", ["Range": "bytes=-128"])
            #expect(end.status == 206 && end.body.elementsEqual(song.bytes.suffix(128)))
            try await server.stop()
        }
    }

    @Test func `Several ranges come as one multipart body of the announced length`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/audio", ["Range": "bytes=0-9, 100000-170000, -5"])
            #expect(answer.status == 206)
            let type = try #require(answer.headers["Content-Type"])
            let boundary = try #require(type.split(separator: "boundary=").last)
            var expected: [UInt8] = []
            for range in [0..<10, 100_000..<170_001, song.bytes.count - 5..<song.bytes.count] {
                expected += Array(
                    """
                    \r\n--\(boundary)\r\nContent-Type: audio/flac\r\nContent-Range: \
                    bytes \(range.lowerBound)-\(range.upperBound - 1)/\(song.bytes.count)\r\n\r\n
                    """.utf8)
                expected += song.bytes[range]
            }
            expected += Array("\r\n--\(boundary)--\r\n".utf8)
            #expect(answer.body == expected)
            #expect(answer.headers["Content-Length"] == String(expected.count))
            try await server.stop()
        }
    }

    @Test(arguments: ["bytes=901173-", "bytes=5-3", "bytes=abc", "bytes=-0", "bytes=1-2;3"])
    func `A wrong Range is 416 and says how long the song is`(field: String) async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/audio", ["Range": field])
            #expect(answer.status == 416)
            #expect(answer.headers["Content-Range"] == "bytes */\(song.bytes.count)")
            #expect(try code(answer) == "bad_range")
            try await server.stop()
        }
    }

    @Test func `Conditions spare bytes or restart`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let path = "\(song.path)/audio"
            let same = try await server.get(path, ["If-None-Match": song.tag])
            #expect(same.status == 304 && same.body.isEmpty && same.headers["ETag"] == song.tag)
            #expect(same.headers["Content-Length"] == nil)
            #expect(try await server.get(path, ["If-Match": "\"other\""]).status == 412)
            let changed = try await server.get(path, ["Range": "bytes=1-2", "If-Range": "\"other\""])
            #expect(changed.status == 200 && changed.body == song.bytes)
            let dated = try await server.get(
                path, ["Range": "bytes=1-2", "If-Range": "Sun, 06 Nov 1994 08:49:37 GMT"])
            #expect(dated.status == 200)
            let many = (0..<40).map { "\($0)-" }.joined(separator: ",")
            #expect(try await server.get(path, ["Range": "bytes=\(many)"]).status == 200)
            try await server.stop()
        }
    }

    @Test func `A song that nobody reachable holds is 503, an unknown one 404`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            server.library.isReachable = false
            for part in ["audio", "manifest", "chunks/1", "fragment", "providers", "cover", "hls.m3u8", "seg/1.m4s"] {
                let answer = try await server.get("\(song.path)/\(part)")
                #expect(answer.status == 503, "\(part)")
                #expect(try code(answer) == "chunk_unavailable")
                #expect(answer.headers["Retry-After"] == "1")
            }
            for path in ["00000000-0000-0000-0000-000000000000", "nonsense"] {
                for part in ["", "/audio", "/manifest", "/chunks/0", "/fragment", "/providers", "/cover"] {
                    let answer = try await server.get("/api/v1/songs/\(path)\(part)")
                    #expect(answer.status == 404)
                    #expect(try code(answer) == "no_such_song")
                }
            }
            let listed = try await server.get("/api/v1/songs").text
            #expect(listed.contains("\"available\":false") && listed.contains("\"total\":1"))
            try await server.stop()
        }
    }

    @Test func `A stream that fails in the middle is cut, not padded`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            server.library.failsAt = 500_000
            let error = await failure { _ = try await server.get("\(song.path)/audio") }
            #expect(error as? HTTPError == .truncated)
            let behind = try await server.get("\(song.path)/audio", ["Range": "bytes=500000-"])
            #expect(behind.status == 503)
            let before = try await server.get("\(song.path)/audio", ["Range": "bytes=0-499999"])
            #expect(before.status == 206 && before.body.count == 500_000)
            try await server.stop()
        }
    }
}

@Suite struct PiecesTests {
    @Test func `Chunks add up to the original, and each is what the manifest says`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let stored = try await server.get("\(song.path)/manifest")
            #expect(stored.headers["ETag"] == EntityTag.strong(song.entry.content.value.manifest))
            #expect(SHA256.hash(stored.body) == song.entry.content.value.manifest)
            let manifest = try JSONText.decode(Manifest.self, from: stored.body)
            var all: [UInt8] = []
            for (number, chunk) in manifest.chunks.enumerated() {
                let answer = try await server.get("\(song.path)/chunks/\(number)")
                #expect(answer.status == 200)
                #expect(SHA256.hash(answer.body) == chunk.sha256)
                #expect(answer.headers["ETag"] == EntityTag.strong(chunk.sha256))
                all += answer.body
            }
            #expect(all == song.bytes)
            let part = try await server.get("\(song.path)/chunks/1", ["Range": "bytes=10-19"])
            #expect(part.status == 206 && part.body.elementsEqual(song.bytes[1010..<1020]))
            for number in ["12", "-1", "x", "99999999999999999999"] {
                let answer = try await server.get("\(song.path)/chunks/\(number)")
                #expect(answer.status == 404)
                #expect(try code(answer) == "no_such_chunk")
            }
            try await server.stop()
        }
    }

    @Test(arguments: [
        ("", 0, 1..<2), ("?from_ms=0", 0, 1..<2), ("?from_ms=9999", 0, 1..<2), ("?from_ms=10000", 10_000, 2..<3),
        ("?from_ms=34567&count=3", 30_000, 4..<7), ("?from_ms=95000&count=1", 90_000, 10..<11),
        ("?from_ms=100000", 90_000, 10..<11), ("?from_ms=80000&count=0", 80_000, 9..<12),
        ("?count=1000", 0, 1..<12),
    ])
    func `A fragment is the chunk that contains the time and those after it`(
        query: String, startMs: Int, chunks: Range<Int>
    ) async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/fragment\(query)")
            #expect(answer.status == 200)
            #expect(answer.headers["X-Rondo-Start-Ms"] == String(startMs))
            let parts = song.stored.manifest.chunks[chunks]
            let first = Int(parts[chunks.lowerBound].offset)
            let end = Int(parts[chunks.upperBound - 1].offset) + parts[chunks.upperBound - 1].length
            #expect(answer.body.elementsEqual(song.bytes[first..<end]))
            try await server.stop()
        }
    }

    @Test(arguments: ["from_ms=-1", "from_ms=x", "from_ms=100001", "count=-1", "count=1.5", "from_ms=1&from_ms=2"])
    func `A fragment's wrong parameter is 400 with its name`(query: String) async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/fragment?\(query)")
            #expect(answer.status == 400)
            #expect(try code(answer) == "bad_parameter")
            #expect(answer.text.contains(query.prefix { $0 != "=" }))
            try await server.stop()
        }
    }

    @Test func `The cover is a picture, providers are addresses`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let cover = try await server.get("\(song.path)/cover")
            #expect(cover.body == song.cover && cover.headers["Content-Type"] == "image/png")
            let again = try await server.get("\(song.path)/cover", ["If-None-Match": cover.headers["ETag"] ?? ""])
            #expect(again.status == 304)
            #expect(
                try await server.get("\(song.path)/providers").text
                    == "{\"providers\":[{\"address\":\"127.0.1.2\",\"httpPort\":8080,\"id\":\"\(ServerID(7))\"}]}")
            try await server.stop()
        }
    }
}
