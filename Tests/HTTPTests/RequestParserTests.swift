import HTTP
import Testing

/// Feeds a parser in pieces of `size` bytes and collects what comes out; the error, if one came, last.
func parse(_ text: String, pieces size: Int = .max) -> (events: [RequestEvent], error: HTTPError?) {
    var parser = RequestParser()
    var events: [RequestEvent] = []
    var rest = Array(text.utf8)[...]
    do throws(HTTPError) {
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            while let event = try parser.next() { events.append(event) }
        }
        return (events, nil)
    } catch {
        return (events, error)
    }
}

/// The bodies of all requests, one after the other, and their heads.
func summary(_ events: [RequestEvent]) -> (heads: [RequestHead], bodies: [String]) {
    var heads: [RequestHead] = []
    var bodies: [String] = []
    var current: [UInt8] = []
    for event in events {
        switch event {
        case .head(let head): heads.append(head)
        case .body(let bytes): current += bytes
        case .end:
            bodies.append(String(decoding: current, as: UTF8.self))
            current = []
        }
    }
    return (heads, bodies)
}

@Suite struct RequestParserTests {
    @Test(arguments: [1, 2, 3, 7, 64, 100_000])
    func `Pipelined requests come out in order whatever pieces they arrive in`(size: Int) {
        let text = """
            GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n\
            POST /b HTTP/1.1\r\nhost: x\r\nContent-Length: 5\r\n\r\nhello\
            PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n\
            GET /d HTTP/1.0\r\n\r\n
            """
        let (events, error) = parse(text, pieces: size)
        let (heads, bodies) = summary(events)
        #expect(error == nil)
        #expect(heads.map(\.method) == ["GET", "POST", "PUT", "GET"])
        #expect(heads.map(\.target) == ["/a?b=c", "/b", "/c", "/d"])
        #expect(heads.map(\.framing) == [.none, .length(5), .chunked, .none])
        #expect(heads.map(\.keepAlive) == [true, true, true, false])
        #expect(bodies == ["", "hello", "abc0123456789", ""])
    }

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 5 5",
        "Content-Length: 0x5",
        "Content-Length: 99999999999999999999",
        "Content-Length:",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding:",
        "Content-Length : 5",
        "X: a\r\n folded",
        "X: a\nY: b",
        "X: a\rY: b",
        "X: a\u{0}b",
        ": empty",
        "no colon",
        "Host: second",
        " Leading: space",
    ])
    func `What two parsers could read in two ways is refused`(field: String) {
        let (events, error) = parse("POST / HTTP/1.1\r\nHost: x\r\n\(field)\r\n\r\nhello")
        #expect(events.isEmpty)
        #expect(error?.answer.status == 400, "\(String(describing: error))")
    }

    @Test(arguments: [
        "GET /\r\n", "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n", "G(T / HTTP/1.1\r\n", "GET a HTTP/1.1\r\n",
        "GET /ä HTTP/1.1\r\n", "GET / http/1.1\r\n", "GET / HTTP/1.1\n", "\u{16}\u{3}\u{1}\u{2}\r\n", "\n", "* * *\r\n",
        "CONNECT a:1 HTTP/1.1\r\n",
    ])
    func `A first line that is no request line is 400`(line: String) {
        #expect(parse("\(line)Host: x\r\n\r\n").error?.answer.status == 400)
    }

    @Test func `Repeated equal lengths are one length`() {
        let (events, error) = parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2, 2\r\n\r\nok")
        #expect(error == nil)
        #expect(summary(events).bodies == ["ok"])
    }

    @Test func `HTTP 2 is 505, another coding 501, no Host 400`() {
        #expect(parse("GET / HTTP/2.0\r\n\r\n").error == .unsupportedVersion)
        #expect(parse("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n").error == .unsupportedCoding)
        #expect(parse("GET / HTTP/1.1\r\n\r\n").error?.answer.status == 400)
    }

    @Test(arguments: [1, 16 << 10])
    func `A header line of 2 MB is 431 after 16 KiB and is not kept`(size: Int) {
        var parser = RequestParser()
        parser.append(Array("GET / HTTP/1.1\r\nX: ".utf8))
        let piece = [UInt8](repeating: 0x61, count: size)
        var fed = 0
        let error = #expect(throws: HTTPError.self) {
            while fed < 2 << 20 {
                parser.append(piece)
                fed += size
                while try parser.next() != nil {}
            }
        }
        #expect(error == .headTooLarge)
        #expect(fed <= 32 << 10)
        #expect(throws: HTTPError.headTooLarge) { try parser.next() }
    }

    @Test func `A request line over 8 KiB is 414 and more than 100 fields are 431`() {
        let long = String(repeating: "a", count: 9000)
        #expect(parse("GET /\(long)", pieces: 1000).error == .targetTooLong)
        #expect(parse("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n").error == .targetTooLong)
        let fields = String(repeating: "A: b\r\n", count: 101)
        #expect(parse("GET / HTTP/1.1\r\n\(fields)\r\n").error == .headTooLarge)
    }

    @Test(arguments: [
        "x\r\n", "\r\n", "-1\r\n", "0x1\r\n", "1\n", "1 2\r\n", "fffffffffffffffff\r\n", "2\r\nabc\r\n", "2\r\nab\n",
        "1;\(String(repeating: "e", count: 300))\r\n",
    ])
    func `A broken chunk ends the request`(chunk: String) {
        let (_, error) = parse("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)")
        #expect(error?.answer.status == 400)
    }

    @Test func `Endless trailers end the request`() {
        let trailers = String(repeating: "T: \(String(repeating: "t", count: 200))\r\n", count: 30)
        let text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(trailers)\r\n"
        #expect(parse(text).error == .headTooLarge)
    }

    @Test func `Expect, Connection and an absolute target are read`() {
        let text = """
            POST http://other:1/x?y HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nConnection: Foo, Close\r\n\
            Content-Length: 1\r\n\r\n
            """
        let head = summary(parse(text).events).heads.first
        #expect(head?.target == "/x?y")
        #expect(head?.headers["host"] == "other:1")
        #expect(head?.expectsContinue == true)
        #expect(head?.keepAlive == false)
        let old = summary(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n").events)
            .heads
        #expect(old.first?.keepAlive == true)
        #expect(old.first?.expectsContinue == false)
    }

    @Test func `An empty line before a request is forgiven`() {
        #expect(summary(parse("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", pieces: 1).events).heads.count == 1)
    }

    @Test func `The parser knows whether it stands between requests`() throws {
        var parser = RequestParser()
        #expect(parser.isBetweenRequests)
        parser.append(Array("GET / HTTP/1.1\r\nHost: x\r\n".utf8))
        #expect(try parser.next() == nil)
        #expect(!parser.isBetweenRequests)
        parser.append(Array("\r\n".utf8))
        while try parser.next() != nil {}
        #expect(parser.isBetweenRequests)
    }

    @Test func `Random bytes never trap and end in an error or silence`() {
        var generator = RandomBytes(seed: 7)
        let pieces = [
            "GET ", "/", " HTTP/1.1", "\r\n", "Host: x", ":", "Content-Length: 3", "Transfer-Encoding: chunked", "0",
            "a",
        ]
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<generator.next(below: 14) {
                text +=
                    generator.next(below: 5) == 0
                    ? String(UnicodeScalar(UInt8(generator.next(below: 256))))
                    : pieces[generator.next(below: pieces.count)]
            }
            let whole = parse(text)
            let split = parse(text, pieces: 1)
            #expect(summary(whole.events).heads == summary(split.events).heads)
            #expect((whole.error == nil) == (split.error == nil))
        }
    }
}

/// A seeded generator for fuzzing.
struct RandomBytes {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % max(1, bound)
    }
}
