/// A request's start line and fields.
package struct RequestHead: Hashable, Sendable {
    package var method: String
    /// As it was sent, in origin form: the path and query of an absolute form, or `*`.
    package var target: String
    /// 0 or 1, of HTTP/1.x.
    package var minorVersion: Int
    package var headers: Headers
    package var framing: BodyFraming
    /// Whether the client would send another request on the connection (RFC 9112 §9.3).
    package var keepAlive: Bool
    /// Whether the client waits for a 100 before it sends the body.
    package var expectsContinue: Bool

    package init(
        method: String, target: String, minorVersion: Int, headers: Headers, framing: BodyFraming, keepAlive: Bool,
        expectsContinue: Bool
    ) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.headers = headers
        self.framing = framing
        self.keepAlive = keepAlive
        self.expectsContinue = expectsContinue
    }
}

/// What comes out of a connection, in this order: a head, any number of body slices, an end, and again.
package enum RequestEvent: Hashable, Sendable {
    case head(RequestHead)
    case body(ArraySlice<UInt8>)
    case end
}

/// Reads requests incrementally (RFC 9112).
///
/// It keeps at most a head and one read; whatever two parsers could read differently is refused.
package struct RequestParser: Sendable {
    private enum State {
        case startLine
        case fields(StartLine, FieldParser)
        case body(BodyDecoder)
        case failed(HTTPError)
    }

    private struct StartLine {
        var method: String
        var target: String
        var host: String?
        var minorVersion: Int
    }

    private var buffer = InputBuffer()
    private var state = State.startLine
    /// Whether an empty line before the request has been passed over, which is done once (RFC 9112 §2.2).
    private var forgaveEmptyLine = false

    package init() {}

    /// Whether nothing of a further request has arrived: the connection may end here.
    package var isBetweenRequests: Bool { if case .startLine = state { buffer.count == 0 } else { false } }

    /// Adds what was read. Call `next` until it is nil before reading again, so that nothing piles up.
    package mutating func append(_ bytes: [UInt8]) { buffer.append(bytes) }

    /// The next event, or nil when more bytes are needed.
    /// - Throws: the same error again once it threw.
    package mutating func next() throws(HTTPError) -> RequestEvent? {
        do throws(HTTPError) {
            return try step()
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private mutating func step() throws(HTTPError) -> RequestEvent? {
        switch state {
        case .failed(let error): throw error
        case .startLine: try startLine()
        case .fields(let start, let fields): try parseFields(start, fields)
        case .body(let decoder): try body(decoder)
        }
    }

    private mutating func startLine() throws(HTTPError) -> RequestEvent? {
        while let line = try buffer.line(atMost: HTTPLimits.targetLength, tooLong: .targetTooLong) {
            if !line.isEmpty || forgaveEmptyLine { return try begin(line) }
            forgaveEmptyLine = true
        }
        return nil
    }

    private mutating func begin(_ line: ArraySlice<UInt8>) throws(HTTPError) -> RequestEvent? {
        let start = try Self.parse(line)
        return try parseFields(start, FieldParser(after: line.count + 2))
    }

    private mutating func parseFields(_ start: StartLine, _ fields: FieldParser) throws(HTTPError) -> RequestEvent? {
        var fields = fields
        guard try fields.parse(&buffer) else {
            state = .fields(start, fields)
            return nil
        }
        let head = try Self.head(start, fields.headers)
        state = .body(BodyDecoder(head.framing))
        return .head(head)
    }

    private mutating func body(_ decoder: BodyDecoder) throws(HTTPError) -> RequestEvent? {
        var decoder = decoder
        let step = try decoder.next(&buffer)
        state = .body(decoder)
        switch step {
        case .needsMore: return nil
        case .bytes(let bytes): return .body(bytes)
        case .end:
            state = .startLine
            forgaveEmptyLine = false
            return .end
        }
    }

    private static func parse(_ line: ArraySlice<UInt8>) throws(HTTPError) -> StartLine {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("the first line is not a method, an address and a version") }
        guard (1...32).contains(parts[0].count), parts[0].allSatisfy(Characters.isToken) else {
            throw .malformed("the method has a forbidden character in it")
        }
        let minorVersion = try minor(parts[2])
        guard !parts[1].isEmpty, parts[1].allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformed("the address has a forbidden character in it")
        }
        let method = String(decoding: parts[0], as: UTF8.self)
        let (target, host) = try origin(String(decoding: parts[1], as: UTF8.self), method: method)
        return StartLine(method: method, target: target, host: host, minorVersion: minorVersion)
    }

    private static func minor(_ version: ArraySlice<UInt8>) throws(HTTPError) -> Int {
        let bytes = Array(version)
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == 0x2E,
            (0x30...0x39).contains(bytes[5]), (0x30...0x39).contains(bytes[7])
        else { throw .malformed("the first line does not end with an HTTP version") }
        guard bytes[5] == 0x31 else { throw .unsupportedVersion }
        return bytes[7] == 0x30 ? 0 : 1
    }

    /// The path and query of a target, and the host of an absolute one (RFC 9112 §3.2.2), which overrides `Host`.
    private static func origin(_ target: String, method: String) throws(HTTPError) -> (String, String?) {
        if target.utf8.first == 0x2F || target == "*" && method == "OPTIONS" { return (target, nil) }
        guard target.lowercased().hasPrefix("http://") else { throw .malformed("the address is not a path") }
        let rest = target.utf8.dropFirst(7)
        let host = rest.prefix { $0 != 0x2F && $0 != 0x3F }
        let path = String(Substring(rest[host.endIndex...]))
        return (path.utf8.first == 0x2F ? path : "/" + path, String(Substring(host)))
    }

    private static func head(_ start: StartLine, _ headers: Headers) throws(HTTPError) -> RequestHead {
        var headers = headers
        let hosts = headers.values("Host")
        guard hosts.count == 1 || hosts.isEmpty && start.minorVersion == 0 else {
            throw .malformed("there must be one Host")
        }
        if let host = start.host { headers["Host"] = host }
        let connection = headers.tokens("Connection")
        let keepAlive = !connection.contains("close") && (start.minorVersion >= 1 || connection.contains("keep-alive"))
        let framing = try BodyFraming.declared(by: headers, minorVersion: start.minorVersion) ?? .none
        return RequestHead(
            method: start.method, target: start.target, minorVersion: start.minorVersion, headers: headers,
            framing: framing, keepAlive: keepAlive,
            expectsContinue: start.minorVersion >= 1 && framing != .none
                && headers.tokens("Expect").contains("100-continue"))
    }
}
