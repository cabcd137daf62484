package import HTTP
package import Linux
package import Model
package import Platform

/// A server's whole answer.
package struct HTTPAnswer: Sendable {
    package var status = 0
    package var headers: Headers = [:]
    package var body: [UInt8] = []
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// A server that a test sends requests to.
@Loop
package protocol HTTPTarget {
    /// Where it listens.
    var endpoint: Endpoint { get }
    /// What connections to it are made with.
    var network: LinuxNetwork { get }
}

extension HTTPTarget {
    package func connect() async throws -> HTTPConnection {
        let limit = soon
        return HTTPConnection(
            try await network.connect(to: endpoint, from: .any, deadline: limit), deadline: limit)
    }

    /// Sends a request on a connection of its own and reads the answer.
    package func request(
        _ method: String, _ target: String, headers: Headers = [:], body: [UInt8] = []
    ) async throws -> HTTPAnswer {
        let connection = try await connect()
        defer { connection.close() }
        try await connection.send(method, target, headers: headers, body: body)
        return try await connection.answer(to: method)
    }

    package func get(_ target: String, _ headers: Headers = [:]) async throws -> HTTPAnswer {
        try await request("GET", target, headers: headers)
    }
}

/// A listener's connection, byte by byte where a test wants it so; everything on it ends at one deadline.
@Loop
package final class HTTPConnection {
    package let stream: any ByteStream
    package let deadline: MonotonicTime

    init(_ stream: any ByteStream, deadline: MonotonicTime) {
        self.stream = stream
        self.deadline = deadline
    }

    package func close() { stream.close() }

    package func send(_ text: String) async throws { try await stream.write(Array(text.utf8), deadline: deadline) }

    package func send(_ method: String, _ target: String, headers: Headers = [:], body: [UInt8] = []) async throws {
        var headers = headers
        headers["Host"] = headers["Host"] ?? "server:80"
        if !body.isEmpty, headers["Transfer-Encoding"] == nil { headers["Content-Length"] = String(body.count) }
        let head = MessageWriter.request(method: method, target: target, headers: headers)
        try await stream.write(head + body, deadline: deadline)
    }

    package func read(exactly count: Int) async throws -> [UInt8] {
        try await stream.read(exactly: count, deadline: deadline)
    }

    /// Reads until `text` has come.
    /// - Returns: all that came with it, some of what follows perhaps.
    @discardableResult
    package func read(until text: String) async throws -> String {
        var all: [UInt8] = []
        while !String(decoding: all, as: UTF8.self).contains(text) {
            let bytes = try await stream.read(atMost: 1 << 16, deadline: deadline)
            if bytes.isEmpty { throw StreamError.closed }
            all += bytes
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Everything until the server closes.
    package func readToEnd() async throws -> [UInt8] { try await stream.readAll(deadline: deadline) }

    /// Reads a head and not one byte more.
    package func readHead() async throws -> ResponseHead {
        var parser = ResponseParser(answering: "GET")
        while true {
            if case .head(let head) = try parser.next() { return head }
            parser.append(try await read(exactly: 1))
        }
    }

    /// Reads the only answer that is under way.
    package func answer(to method: String = "GET") async throws -> HTTPAnswer {
        var parser = ResponseParser(answering: method)
        var answer = HTTPAnswer()
        while true {
            while let event = try parser.next() {
                switch event {
                case .head(let head): (answer.status, answer.headers) = (head.status, head.headers)
                case .body(let bytes): answer.body += bytes
                case .end: return answer
                }
            }
            let atMost = answer.status == 0 ? 1 : 1 << 16
            let bytes = try await stream.read(atMost: atMost, deadline: deadline)
            if bytes.isEmpty {
                _ = try parser.finish()
                return answer
            }
            parser.append(bytes)
        }
    }
}
