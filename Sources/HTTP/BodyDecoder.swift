/// How long a message's body is (RFC 9112 §6.3).
package enum BodyFraming: Hashable, Sendable {
    case none
    /// Bytes, 1 or more.
    case length(Int64)
    case chunked
    /// A response's, until the connection ends.
    case untilClose

    /// What `Content-Length` and `Transfer-Encoding` say; nil when there is neither.
    ///
    /// Everything that two parsers could read differently is refused: that is how requests are smuggled.
    static func declared(by headers: Headers, minorVersion: Int) throws(HTTPError) -> BodyFraming? {
        let codings = headers.tokens("Transfer-Encoding")
        let lengths = headers.values("Content-Length")
        if !headers.values("Transfer-Encoding").isEmpty {
            guard lengths.isEmpty else { throw .malformed("both Content-Length and Transfer-Encoding are given") }
            guard minorVersion >= 1 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
            guard codings == ["chunked"] else {
                throw codings.isEmpty || codings.contains("chunked")
                    ? .malformed("chunked is not the only transfer coding") : .unsupportedCoding
            }
            return .chunked
        }
        return try length(lengths)
    }

    private static func length(_ values: [String]) throws(HTTPError) -> BodyFraming? {
        let lengths = values.flatMap { $0.utf8.split(separator: 0x2C, omittingEmptySubsequences: false) }
            .map { Headers.trimmed(Substring($0)) }
        guard let first = lengths.first else { return nil }
        guard lengths.allSatisfy({ $0 == first }) else { throw .malformed("two different Content-Lengths") }
        guard (1...18).contains(first.utf8.count), first.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int64(first)
        else { throw .malformed("Content-Length is not a number") }
        return length == 0 ? BodyFraming.none : .length(length)
    }
}

/// Takes a body's bytes out of the stream: no byte more than the body has, and none kept.
struct BodyDecoder: Sendable {
    enum Step {
        case bytes(ArraySlice<UInt8>)
        case end
        case needsMore
    }

    private enum State {
        case length(Int64)
        case untilClose
        case chunkSize
        case chunk(Int64)
        case chunkEnd
        case trailer(Int)
        case done
    }

    private var state: State

    init(_ framing: BodyFraming) {
        state =
            switch framing {
            case .none: .done
            case .length(let length): .length(length)
            case .chunked: .chunkSize
            case .untilClose: .untilClose
            }
    }

    /// Whether the connection's end is the body's.
    var endsAtClose: Bool { if case .untilClose = state { true } else { false } }

    mutating func next(_ buffer: inout InputBuffer) throws(HTTPError) -> Step {
        while true {
            switch state {
            case .done: return .end
            case .untilClose: return buffer.count == 0 ? .needsMore : .bytes(buffer.take(buffer.count))
            case .length(let left):
                guard let bytes = take(left, from: &buffer) else { return .needsMore }
                let rest = left - Int64(bytes.count)
                state = rest == 0 ? .done : .length(rest)
                return .bytes(bytes)
            case .chunk(let left):
                guard let bytes = take(left, from: &buffer) else { return .needsMore }
                let rest = left - Int64(bytes.count)
                state = rest == 0 ? .chunkEnd : .chunk(rest)
                return .bytes(bytes)
            case .chunkSize, .chunkEnd, .trailer:
                guard try stepFrame(&buffer) else { return .needsMore }
            }
        }
    }

    private func take(_ left: Int64, from buffer: inout InputBuffer) -> ArraySlice<UInt8>? {
        buffer.count == 0 ? nil : buffer.take(Int(min(left, Int64(buffer.count))))
    }

    /// Reads one line of the chunked framing (RFC 9112 §7.1); false when it has not arrived.
    private mutating func stepFrame(_ buffer: inout InputBuffer) throws(HTTPError) -> Bool {
        let line = try buffer.line(
            atMost: HTTPLimits.chunkLineLength, tooLong: .malformed("a line of the chunked body is too long"))
        guard let line else { return false }
        switch state {
        case .chunkEnd:
            guard line.isEmpty else { throw .malformed("a chunk is longer than its size") }
            state = .chunkSize
        case .trailer(let length):
            guard length + line.count <= HTTPLimits.trailerLength else { throw .headTooLarge }
            state = line.isEmpty ? .done : .trailer(length + line.count)
        default:
            let size = try Self.size(line)
            state = size == 0 ? .trailer(0) : .chunk(size)
        }
        return true
    }

    private static func size(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Int64 {
        let digits = line.prefix { $0 != 0x3B && !Characters.isBlank($0) }
        let rest = line[digits.endIndex...].drop { Characters.isBlank($0) }
        guard (1...15).contains(digits.count), rest.isEmpty || rest.first == 0x3B,
            rest.allSatisfy(Characters.isFieldValue)
        else { throw .malformed("a chunk's size is not a hexadecimal number") }
        var size: Int64 = 0
        for byte in digits {
            switch byte {
            case 0x30...0x39: size = size << 4 | Int64(byte - 0x30)
            case 0x41...0x46: size = size << 4 | Int64(byte - 0x41 + 10)
            case 0x61...0x66: size = size << 4 | Int64(byte - 0x61 + 10)
            default: throw .malformed("a chunk's size is not a hexadecimal number")
            }
        }
        return size
    }
}
