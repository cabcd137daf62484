/// A response's status and fields.
package struct ResponseHead: Hashable, Sendable {
    /// 200 to 599; interim answers are passed over.
    package var status: Int
    package var headers: Headers
    package var framing: BodyFraming
    /// Whether another request may follow on the connection once the body has ended.
    package var keepAlive: Bool
}

/// What comes out of a connection on which a request was sent, in this order: a head, body slices, an end.
package enum ResponseEvent: Hashable, Sendable {
    case head(ResponseHead)
    case body(ArraySlice<UInt8>)
    case end
}

/// Reads the answer to one request incrementally (RFC 9112 §6.3). Make a new one for each request.
package struct ResponseParser: Sendable {
    private enum State {
        case startLine
        case fields(status: Int, minorVersion: Int, FieldParser)
        case body(BodyDecoder)
        case done
        case failed(HTTPError)
    }

    private let isHead: Bool
    private var buffer = InputBuffer()
    private var state = State.startLine

    /// - Parameter method: the request's: an answer to HEAD has no body whatever its fields say.
    package init(answering method: String) { isHead = method == "HEAD" }

    /// Whether the answer is complete and no byte follows it.
    package var isComplete: Bool { if case .done = state { buffer.count == 0 } else { false } }

    /// Adds what was read. Call `next` until it is nil before reading again, so that nothing piles up.
    package mutating func append(_ bytes: [UInt8]) { buffer.append(bytes) }

    /// The next event, or nil when more bytes are needed or `end` was the last one.
    /// - Throws: the same error again once it threw.
    package mutating func next() throws(HTTPError) -> ResponseEvent? {
        do throws(HTTPError) {
            return try step()
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// To be called when the connection has ended.
    /// - Returns: `end` where that is what the body's end looks like, nil when it had come before.
    /// - Throws: `truncated` when the answer is incomplete.
    package mutating func finish() throws(HTTPError) -> ResponseEvent? {
        switch state {
        case .done: return nil
        case .failed(let error): throw error
        case .body(let decoder) where decoder.endsAtClose && buffer.count == 0:
            state = .done
            return .end
        default:
            state = .failed(.truncated)
            throw .truncated
        }
    }

    private mutating func step() throws(HTTPError) -> ResponseEvent? {
        switch state {
        case .failed(let error): throw error
        case .done: return nil
        case .startLine:
            guard try startLine() else { return nil }
            return try step()
        case .fields(let status, let minorVersion, let fields):
            return try parseFields(status, minorVersion, fields)
        case .body(var decoder):
            let step = try decoder.next(&buffer)
            state = .body(decoder)
            switch step {
            case .needsMore: return nil
            case .bytes(let bytes): return .body(bytes)
            case .end:
                state = .done
                return .end
            }
        }
    }

    private mutating func startLine() throws(HTTPError) -> Bool {
        let line = try buffer.line(atMost: HTTPLimits.targetLength, tooLong: .headTooLarge)
        guard let line else { return false }
        let bytes = Array(line)
        guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8), (0x30...0x39).contains(bytes[7]),
            bytes[8] == 0x20, bytes.count == 12 || bytes[12] == 0x20,
            let status = Int(String(decoding: bytes[9..<12], as: UTF8.self)), (100...599).contains(status)
        else { throw .malformed("the answer does not begin with an HTTP status") }
        state = .fields(
            status: status, minorVersion: bytes[7] == 0x30 ? 0 : 1, FieldParser(after: line.count + 2))
        return true
    }

    private mutating func parseFields(
        _ status: Int, _ minorVersion: Int, _ fields: FieldParser
    ) throws(HTTPError) -> ResponseEvent? {
        var fields = fields
        guard try fields.parse(&buffer) else {
            state = .fields(status: status, minorVersion: minorVersion, fields)
            return nil
        }
        if (100..<200).contains(status) {
            state = .startLine
            return try step()
        }
        let declared = try BodyFraming.declared(by: fields.headers, minorVersion: minorVersion)
        let framing: BodyFraming =
            isHead || status == 204 || status == 304 ? .none : declared ?? .untilClose
        let connection = fields.headers.tokens("Connection")
        let keepAlive =
            framing != .untilClose && !connection.contains("close")
            && (minorVersion >= 1 || connection.contains("keep-alive"))
        state = .body(BodyDecoder(framing))
        return .head(ResponseHead(status: status, headers: fields.headers, framing: framing, keepAlive: keepAlive))
    }
}
