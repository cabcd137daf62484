import HTTP
import Linux
import Model
import Platform
import Testing
import TestTools
import WebServer

/// Clients that send what is wrong, too much, or nothing; after each of them the server still answers others.
@Suite struct HostileClientTests {
    private static let hello: RequestHandler = { _, body in
        do throws(BodyError) {
            var count = 0
            while let bytes = try await body.next() { count += bytes.count }
            return .bytes(Array("hello \(count)".utf8), contentType: "text/plain")
        } catch {
            return .failure(error.answer)
        }
    }

    @Test func `A header line of 2 MB is answered with 431 and the connection ends`() async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.hello)
            let connection = try await server.connect()
            try await connection.send("GET / HTTP/1.1\r\nHost: x\r\nX: ")
            // The server stops reading heads after 16 KiB; what it then drops must not reset its answer.
            let line = [UInt8](repeating: 0x61, count: 2 << 20)
            try await connection.stream.write(line, deadline: connection.deadline)
            let answer = try await connection.answer()
            #expect(answer.status == 431)
            #expect(answer.text.contains("\"code\":\"head_too_large\""))
            #expect(answer.headers["Connection"] == "close")
            #expect(try await server.request("GET", "/").text == "hello 0")
            await server.stop()
        }
    }

    @Test(arguments: [
        ("GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_path"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_path"),
        ("GET /a?b=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_query"),
        ("GET /\(String(repeating: "a", count: 10_000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414, "target_too_long"),
        ("GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "unsupported_version"),
        ("\u{16}\u{3}\u{1}\u{0}\u{5}\u{1}\r\n\r\n", 400, "bad_request"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "bad_request"
        ),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request"),
    ])
    func `A bad request gets its error and the server goes on`(text: String, status: Int, code: String) async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.hello)
            let connection = try await server.connect()
            try await connection.send(text)
            let answer = try await connection.answer()
            #expect(answer.status == status)
            #expect(answer.text.hasPrefix("{\"error\":{\"code\":\"\(code)\",\"message\":\""))
            #expect(answer.headers["Content-Type"] == "application/json")
            #expect(try await server.request("GET", "/").text == "hello 0")
            await server.stop()
        }
    }

    @Test func `After a bad path the connection serves on, after bad framing it does not`() async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.hello)
            let connection = try await server.connect()
            try await connection.send("GET", "/..")
            #expect(try await connection.answer().status == 400)
            try await connection.send("GET", "/")
            #expect(try await connection.answer().status == 200)
            try await connection.send("GET / HTTP/1.1\nHost: x\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await connection.answer().status == 400)
            #expect(try await connection.readToEnd().isEmpty)
            await server.stop()
        }
    }

    @Test func `A body cut off in the middle is seen as cut`() async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.hello)
            let connection = try await server.connect()
            try await connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this")
            connection.stream.finishWriting()
            let answer = try await connection.answer(to: "POST")
            #expect(answer.status == 400)
            #expect(answer.text.contains("\"code\":\"truncated\""))
            let silent = try await server.connect()
            try await silent.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this")
            silent.close()
            #expect(try await server.request("GET", "/").text == "hello 0")
            await server.stop()
        }
    }

    @Test func `Who sends nothing, half a head or half a body is not waited for`() async throws {
        try await onLoop {
            var limits = ServerLimits()
            limits.idle = .milliseconds(200)
            limits.head = .milliseconds(100)
            limits.bodyProgress = .milliseconds(100)
            limits.linger = .milliseconds(50)
            let server = try TestServer(limits: limits, handler: Self.hello)
            let silent = try await server.connect()
            #expect(try await silent.readToEnd().isEmpty)
            let half = try await server.connect()
            try await half.send("GET / HTTP/1.1\r\nHost:")
            #expect(try await half.answer().status == 408)
            let body = try await server.connect()
            try await body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
            #expect(try await body.answer(to: "POST").status == 408)
            await server.stop()
        }
    }

    @Test func `A client that reads nothing is cut off`() async throws {
        try await onLoop {
            var limits = ServerLimits()
            limits.writeProgress = .milliseconds(100)
            let ended = Gate()
            let server = try TestServer(limits: limits) { _, _ in
                Response(
                    status: 200,
                    body: .stream(length: nil) { writer in
                        defer { ended.open() }
                        while true { try await writer.write([UInt8](repeating: 0, count: 1 << 16)) }
                    })
            }
            let connection = try await server.connect()
            try await connection.send("GET", "/")
            await ended.wait()
            await server.stop()
        }
    }

    @Test func `Over the limit of connections the answer is 503`() async throws {
        try await onLoop {
            var limits = ServerLimits()
            limits.connections = 2
            limits.linger = .milliseconds(50)
            let server = try TestServer(limits: limits, handler: Self.hello)
            let kept = [try await server.connect(), try await server.connect()]
            for connection in kept {
                try await connection.send(
                    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await connection.read(exactly: 25) == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
            let third = try await server.connect()
            let answer = try await third.answer()
            #expect(answer.status == 503)
            #expect(answer.headers["Retry-After"] == "1")
            try await kept[0].send("ab")
            #expect(try await kept[0].answer().text == "hello 2")
            await server.stop()
        }
    }

    @Test func `Connections on which nothing is asked for keep nobody out: the one that is idle longest goes`()
        async throws
    {
        try await onLoop {
            var limits = ServerLimits()
            limits.connections = 2
            let server = try TestServer(limits: limits, handler: Self.hello)
            let silent = try await server.connect()
            let kept = try await server.connect()
            try await kept.send("GET", "/")
            #expect(try await kept.answer().status == 200)
            #expect(try await server.request("GET", "/").status == 200)
            #expect(try await silent.readToEnd().isEmpty)
            try await kept.send("GET", "/")
            #expect(try await kept.answer().status == 200)
            await server.stop()
        }
    }
}

@Suite struct CrossOriginTests {
    private static let ok: RequestHandler = { _, _ in Response(status: 200) }

    @Test func `Any page may read, and sees the fields it needs`() async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.ok)
            let answer = try await server.request("GET", "/", headers: ["Origin": "https://elsewhere.example"])
            #expect(answer.status == 200)
            #expect(answer.headers["Access-Control-Allow-Origin"] == "*")
            let exposed = answer.headers.tokens("Access-Control-Expose-Headers")
            for name in ["content-range", "etag", "x-rondo-start-ms", "x-rondo-replicas"] {
                #expect(exposed.contains(name))
            }
            await server.stop()
        }
    }

    @Test(
        arguments: [
            (nil, 200), ("http://server:80", 200), ("http://127.0.1.9:8080", 200), ("http://evil.example", 403),
            ("null", 403), ("http://server:81", 403),
        ] as [(String?, Int)])
    func `Only the page's own origin and members' may write`(origin: String?, status: Int) async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.ok)
            for method in ["POST", "PATCH", "DELETE", "PUT"] {
                var headers: Headers = [:]
                headers["Origin"] = origin
                #expect(try await server.request(method, "/", headers: headers).status == status)
            }
            await server.stop()
        }
    }

    @Test func `A preflight allows reads to all and writes to members`() async throws {
        try await onLoop {
            let server = try TestServer(handler: Self.ok)
            for (origin, methods) in [
                ("http://evil.example", "GET, HEAD"), ("http://127.0.1.9:8080", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            ] {
                let answer = try await server.request(
                    "OPTIONS", "/api/v1/songs", headers: ["Origin": origin, "Access-Control-Request-Method": "POST"])
                #expect(answer.status == 204)
                #expect(answer.headers["Access-Control-Allow-Methods"] == methods)
                #expect(answer.headers["Access-Control-Allow-Headers"]?.contains("Range") == true)
            }
            await server.stop()
        }
    }
}

@Suite struct DrainTests {
    @Test func `Draining ends idle connections and event streams, and lets answers under way finish`() async throws {
        try await onLoop {
            let gate = Gate()
            let begun = Gate()
            let server = try TestServer { request, _ in
                if request.target.segments == ["events"] {
                    return Response(
                        status: 200,
                        body: .events { writer in
                            try await writer.write(Array("x".utf8))
                            while true {
                                await gate.wait()
                                try await writer.write(Array("x".utf8))
                            }
                        })
                }
                return Response(
                    status: 200,
                    body: .stream(length: 4) { writer in
                        try await writer.write(Array("ab".utf8))
                        begun.open()
                        await gate.wait()
                        try await writer.write(Array("cd".utf8))
                    })
            }
            let idle = try await server.connect()
            let events = try await server.connect()
            try await events.send("GET", "/events")
            #expect(try await events.readHead().status == 200)
            let busy = try await server.connect()
            try await busy.send("GET", "/")
            await begun.wait()
            let drained = Loop.spawn("drain") { await server.server.drain(until: soon) }
            #expect(try await idle.readToEnd().isEmpty)
            _ = try await events.readToEnd()
            gate.open()
            #expect(try await busy.answer().text == "abcd")
            #expect(try await busy.readToEnd().isEmpty)
            await drained.value
            #expect(server.network.openStreamCount <= 3)
            let refused = await failure { _ = try await server.connect() }
            #expect(refused as? StreamError == .refused)
        }
    }

    @Test func `At the deadline what has not finished is cut`() async throws {
        try await onLoop {
            let gate = Gate()
            let server = try TestServer { _, _ in
                Response(
                    status: 200,
                    body: .stream(length: 4) { writer in
                        try await writer.write(Array("ab".utf8))
                        await gate.wait()
                        try await writer.write(Array("cd".utf8))
                    })
            }
            let busy = try await server.connect()
            try await busy.send("GET", "/")
            #expect(try await busy.readHead().status == 200)
            await server.server.drain(until: server.clock.now + .milliseconds(50))
            #expect(try await busy.readToEnd() == Array("ab".utf8))
            gate.open()
        }
    }
}
