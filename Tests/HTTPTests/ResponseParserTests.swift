import HTTP
import Testing

@Suite struct ResponseParserTests {
    /// Parses an answer to `method` in pieces, then the end of the connection.
    private func parse(
        _ text: String, method: String = "GET", pieces size: Int = .max, closes: Bool = true
    ) throws -> (head: ResponseHead?, body: String, ended: Bool) {
        var parser = ResponseParser(answering: method)
        var head: ResponseHead?
        var body: [UInt8] = []
        var ended = false
        func take(_ event: ResponseEvent) {
            switch event {
            case .head(let one): head = one
            case .body(let bytes): body += bytes
            case .end: ended = true
            }
        }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            while let event = try parser.next() { take(event) }
        }
        if closes, let event = try parser.finish() { take(event) }
        return (head, String(decoding: body, as: UTF8.self), ended)
    }

    @Test(arguments: [1, 5, 1000])
    func `Bodies end by length, by chunks and by the connection`(size: Int) throws {
        let length = try parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", pieces: size)
        #expect(length.body == "hello" && length.ended)
        let chunked = try parse(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", pieces: size)
        #expect(chunked.body == "hello" && chunked.ended)
        let open = try parse("HTTP/1.1 200\r\n\r\nhello", pieces: size)
        #expect(open.body == "hello" && open.ended)
        #expect(open.head?.keepAlive == false)
    }

    @Test func `A 100 is passed over, HEAD and 304 have no body`() throws {
        let later = try parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")
        #expect(later.head?.status == 201)
        #expect(later.body == "ok")
        let head = try parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", method: "HEAD")
        #expect(head.ended && head.head?.headers["content-length"] == "9")
        #expect(try parse("HTTP/1.1 304 Not Modified\r\n\r\n").ended)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ])
    func `A connection that ends too early is truncated`(text: String) {
        #expect(throws: HTTPError.truncated) { try self.parse(text) }
    }

    @Test(arguments: ["SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 999 x\r\n", "HTTP/1.1 200 OK\nX: y\r\n"])
    func `What is no HTTP answer is malformed`(text: String) {
        #expect(throws: HTTPError.self) { try self.parse(text, closes: false) }
    }

    @Test func `A written head is read back, and no value can end its line`() throws {
        let bytes = MessageWriter.response(
            status: 206, headers: ["Content-Length": "0", "X-Title": "a\r\nSet-Cookie: b", "Bad Name\r\n": "c"])
        let head = try parse(String(decoding: bytes, as: UTF8.self)).head
        #expect(head?.status == 206)
        #expect(head?.headers["x-title"] == "a  Set-Cookie: b")
        #expect(head?.headers["BadName"] == "c")
        #expect(head?.headers.fields.count == 3)
    }
}
