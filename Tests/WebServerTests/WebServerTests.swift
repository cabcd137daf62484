import HTTP
import Linux
import Model
import Platform
import Testing
import TestTools
import WebServer

/// Answers with what it got: method, path, body.
private let echo: RequestHandler = { request, body in
    do throws(BodyError) {
        let bytes = try await body.collect(atMost: 1 << 20)
        let text = "\(request.method) \(request.target.segments.joined(separator: "/")) "
        return .bytes(Array(text.utf8) + bytes, contentType: "text/plain")
    } catch {
        return .failure(error.answer)
    }
}

@Suite struct WebServerTests {
    @Test func `Requests on one connection are answered in order, pipelined or not`() async throws {
        try await onLoop {
            let server = try TestServer(handler: echo)
            let connection = try await server.connect()
            try await connection.send(
                "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
                    + "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n")
            // The answers are told apart by their lengths: what is too much of one would be the next one's beginning.
            for expected in ["GET a ", "POST b hi", "POST c yo"] {
                let head = try await connection.readHead()
                let length = try #require(head.headers["Content-Length"].flatMap(Int.init))
                #expect(try await connection.read(exactly: length) == Array(expected.utf8))
            }
            try await connection.send("GET", "/d", headers: ["Connection": "close"])
            #expect(try await connection.answer().text == "GET d ")
            #expect(try await connection.readToEnd().isEmpty)
            await server.stop()
        }
    }

    @Test func `HEAD has the fields of GET and no body`() async throws {
        try await onLoop {
            let server = try TestServer { _, _ in
                Response(
                    status: 200, headers: ["ETag": "\"x\""],
                    body: .stream(length: 5) { writer in try await writer.write(Array("hello".utf8)) })
            }
            let get = try await server.request("GET", "/")
            let head = try await server.request("HEAD", "/")
            #expect(get.text == "hello")
            #expect(head.body.isEmpty)
            var expected = get.headers
            var actual = head.headers
            expected["Date"] = nil
            actual["Date"] = nil
            #expect(actual == expected)
            #expect(head.headers["Content-Length"] == "5")
            #expect(head.headers["Server"] == "rondo")
            #expect(head.headers["X-Content-Type-Options"] == "nosniff")
            #expect(head.headers["Date"]?.hasSuffix(" GMT") == true)
            await server.stop()
        }
    }

    @Test func `A body that ends short cuts the connection, and the server goes on`() async throws {
        try await onLoop {
            let server = try TestServer { request, _ in
                Response(
                    status: 200,
                    body: .stream(length: request.target.segments == ["long"] ? 3 : 100) { writer in
                        try await writer.write(Array("only this".utf8))
                        if request.target.segments == ["throws"] { throw APIError.chunkUnavailable }
                    })
            }
            for path in ["/short", "/throws", "/long"] {
                let error = await failure { _ = try await server.request("GET", path) }
                #expect(error as? HTTPError == .truncated, "\(path): \(String(describing: error))")
            }
            #expect(server.metrics.text.contains("rondo_http_cut_answers_total"))
            await server.stop()
        }
    }

    @Test func `A failure before the first byte is an answer of its own`() async throws {
        try await onLoop {
            let server = try TestServer { _, _ in
                Response(status: 200, body: .stream(length: 100) { _ in throw APIError.chunkUnavailable })
            }
            let connection = try await server.connect()
            for _ in 0..<2 {
                try await connection.send("GET", "/")
                let answer = try await connection.answer()
                #expect(answer.status == 503)
                #expect(answer.headers["Retry-After"] == "1")
                #expect(answer.text.contains("\"code\":\"chunk_unavailable\""))
            }
            await server.stop()
        }
    }

    @Test func `A body of unknown length is chunked, and for HTTP 1.0 ends with the connection`() async throws {
        try await onLoop {
            let server = try TestServer { _, _ in
                Response(
                    status: 200,
                    body: .stream(length: nil) { writer in
                        for piece in ["a", "", "bc"] { try await writer.write(Array(piece.utf8)) }
                    })
            }
            let answer = try await server.request("GET", "/")
            #expect(answer.headers["Transfer-Encoding"] == "chunked")
            #expect(answer.text == "abc")
            let old = try await server.connect()
            try await old.send("GET / HTTP/1.0\r\n\r\n")
            let oldAnswer = try await old.answer()
            #expect(oldAnswer.headers["Transfer-Encoding"] == nil)
            #expect(oldAnswer.text == "abc")
            await server.stop()
        }
    }

    @Test func `Megabytes arrive whole at a client that reads slowly`() async throws {
        try await onLoop {
            let piece = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let server = try TestServer { _, _ in
                Response(
                    status: 200,
                    body: .stream(length: Int64(piece.count) * 200) { writer in
                        for _ in 0..<200 { try await writer.write(piece) }
                    })
            }
            let answer = try await server.request("GET", "/")
            #expect(answer.body.count == piece.count * 200)
            #expect(answer.body.suffix(piece.count).elementsEqual(piece))
            await server.stop()
        }
    }

    @Test func `A client that expects a 100 gets it when its body is read, and only then`() async throws {
        try await onLoop {
            let server = try TestServer { request, body in
                request.target.segments == ["no"]
                    ? .failure(APIError(413, "too_large", "No.")) : await echo(request, body)
            }
            let connection = try await server.connect()
            let head = "HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            try await connection.send("POST /yes \(head)")
            let invited = try await connection.read(exactly: 25)
            #expect(String(decoding: invited, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
            try await connection.send("ok")
            #expect(try await connection.answer().text == "POST yes ok")
            try await connection.send("POST /no \(head)")
            let refused = try await connection.answer()
            #expect(refused.status == 413)
            #expect(refused.headers["Connection"] == "close")
            await server.stop()
        }
    }

    @Test func `A small unread body is passed over, a large one ends the connection after the answer`() async throws {
        try await onLoop {
            let server = try TestServer { _, _ in .bytes(Array("done".utf8), contentType: "text/plain") }
            let connection = try await server.connect()
            for _ in 0..<2 {
                try await connection.send("POST", "/", body: [UInt8](repeating: 1, count: 1000))
                #expect(try await connection.answer(to: "POST").text == "done")
            }
            try await connection.send("POST", "/", headers: ["Content-Length": "9000000"])
            #expect(try await connection.answer(to: "POST").headers["Connection"] == "close")
            // Still writing: the answer must not be lost by a reset.
            #expect(try await connection.readToEnd().isEmpty)
            await server.stop()
        }
    }

    @Test func `An open event stream delivers as it is written`() async throws {
        try await onLoop {
            let gate = Gate()
            let server = try TestServer { _, _ in
                Response(
                    status: 200, headers: ["Content-Type": "text/event-stream"],
                    body: .events { writer in
                        try await writer.write(Array("data: 1\n\n".utf8))
                        await gate.wait()
                        try await writer.write(Array("data: 2\n\n".utf8))
                    })
            }
            let connection = try await server.connect()
            try await connection.send("GET", "/events")
            #expect(try await connection.readHead().status == 200)
            #expect(try await connection.read(exactly: 14) == Array("9\r\ndata: 1\n\n\r\n".utf8))
            gate.open()
            #expect(try await connection.read(exactly: 14) == Array("9\r\ndata: 2\n\n\r\n".utf8))
            await server.stop()
        }
    }

    @Test func `A prepared answer is what the handler would say, for plain requests alone`() async throws {
        try await onLoop {
            let whole = Response.bytes(Array("hello".utf8), contentType: "text/plain", headers: ["ETag": "\"x\""])
            let asked = Asked()
            let server = try TestServer(
                shortcut: { head in
                    guard head.target == "/known" else { return nil }
                    asked.times += 1
                    return PreparedAnswer(whole)
                }, handler: { _, _ in whole })
            let connection = try await server.connect()
            var answers: [HTTPAnswer] = []
            for target in ["/other", "/known", "/known"] {
                try await connection.send("GET", target)
                var answer = try await connection.answer()
                #expect(answer.headers["Date"]?.hasSuffix(" GMT") == true)
                answer.headers["Date"] = nil
                answer.headers = Headers(sorted: answer.headers)
                answers.append(answer)
            }
            #expect(answers[0].text == "hello" && asked.times == 2)
            #expect(answers[1].headers == answers[0].headers && answers[1].body == answers[0].body)
            #expect(answers[2].headers == answers[0].headers && answers[2].body == answers[0].body)
            #expect(try await server.request("HEAD", "/known").body.isEmpty)
            try await connection.send("GET", "/known", headers: ["Connection": "close"])
            #expect(try await connection.answer().headers["Connection"] == "close")
            #expect(asked.times == 2)
            #expect(server.metrics.value("rondo_http_requests_total", labels: "method=\"GET\",status=\"200\"") == 4)
            await server.stop()
        }
    }
}

@Loop
private final class Asked {
    nonisolated init() {}
    var times = 0
}

extension Headers {
    /// Prepared answers have their date last.
    fileprivate init(sorted headers: Headers) {
        self.init()
        for field in headers.fields.sorted(by: { $0.name < $1.name }) { add(field.name, field.value) }
    }
}
