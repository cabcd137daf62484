internal import Model

/// Why bytes are no DNS message, and where in them that shows.
package struct DNSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the message.
    package enum Reason: String, Hashable, Sendable {
        case endsEarly = "the message ends too early"
        case badLabel = "a label begins with a length that does not exist"
        case badPointer = "a compression pointer does not point back"
        case longName = "a name is longer than 255 bytes"
        case badData = "a record's data does not fit its type"
        case bytesLeft = "bytes follow the message"
        case badOption = "there is more than one OPT record, or one of another name or section than its own"
        case badQuestion = "there is not exactly one question"
        case foreign = "the message does not answer the question"
    }

    package let reason: Reason
    /// In bytes from the beginning of the message.
    package let offset: Int

    package var description: String { "\(reason.rawValue) (byte \(offset))" }
}

/// Reads a DNS message from its first byte to its last; it never reads beyond them and never follows a pointer
/// forwards.
struct DNSReader {
    let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    var isAtEnd: Bool { offset >= bytes.count }

    func error(_ reason: DNSError.Reason, at offset: Int? = nil) -> DNSError {
        DNSError(reason: reason, offset: offset ?? self.offset)
    }

    mutating func byte() throws(DNSError) -> UInt8 {
        guard offset < bytes.count else { throw error(.endsEarly) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func word() throws(DNSError) -> UInt16 {
        guard offset + 2 <= bytes.count else { throw error(.endsEarly) }
        defer { offset += 2 }
        return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }

    mutating func longWord() throws(DNSError) -> UInt32 {
        let high = try word()
        return UInt32(high) << 16 | UInt32(try word())
    }

    mutating func take(_ count: Int) throws(DNSError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else { throw error(.endsEarly) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Reads a name, compressed or not (RFC 1035 §4.1.4).
    ///
    /// Each pointer must lead to before the piece it ends: so a walk is finite, whatever the bytes are.
    mutating func name() throws(DNSError) -> DomainName {
        var wire: [UInt8] = []
        wire.reserveCapacity(64)
        try walk { wire += $0 }
        wire.append(0)
        return DomainName(checked: wire)
    }

    /// Passes over a name with the same care as reading it, and tells whether it is the root.
    mutating func skipName() throws(DNSError) -> Bool {
        var isRoot = true
        try walk { _ in isRoot = false }
        return isRoot
    }

    /// Hands each label with its length byte to `visit`, and leaves the reader behind the name.
    private mutating func walk(_ visit: (ArraySlice<UInt8>) -> Void) throws(DNSError) {
        var cursor = offset
        var pieceStart = offset
        var end: Int?
        var length = 1
        while true {
            guard cursor < bytes.count else { throw error(.endsEarly, at: cursor) }
            let size = Int(bytes[cursor])
            switch size {
            case 0:
                offset = end ?? cursor + 1
                return
            case 1...63:
                guard cursor + size < bytes.count else { throw error(.endsEarly, at: bytes.count) }
                length += size + 1
                guard length <= 255 else { throw error(.longName, at: cursor) }
                visit(bytes[cursor...cursor + size])
                cursor += size + 1
            case 0xC0...:
                guard cursor + 1 < bytes.count else { throw error(.endsEarly, at: bytes.count) }
                let target = (size & 0x3F) << 8 | Int(bytes[cursor + 1])
                guard target < pieceStart else { throw error(.badPointer, at: cursor) }
                if end == nil { end = cursor + 2 }
                cursor = target
                pieceStart = target
            default: throw error(.badLabel, at: cursor)
            }
        }
    }
}
