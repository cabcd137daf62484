/// Bytes that arrived and are not parsed yet. Whole reads pass through without being copied.
struct InputBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0
    /// How far from `start` the search for a line's end has come.
    private var scanned = 0

    var count: Int { bytes.count - start }

    mutating func append(_ more: [UInt8]) {
        if count == 0 {
            bytes = more
            start = 0
        } else {
            if start > 0 { bytes.removeFirst(start) }
            start = 0
            bytes += more
        }
    }

    /// The next `length` bytes, which must be there.
    mutating func take(_ length: Int) -> ArraySlice<UInt8> {
        let slice = bytes[start..<start + length]
        scanned = 0
        start += length
        if start == bytes.count {
            bytes = []
            start = 0
        }
        return slice
    }

    /// The next line without its CRLF, or nil when its end has not arrived and it may still fit into `limit` bytes.
    ///
    /// A line feed alone ends no line: it is what makes two parsers disagree (RFC 9112 §2.2 allows refusing it).
    /// - Parameter tooLong: what a longer line means where it stands.
    mutating func line(atMost limit: Int, tooLong: HTTPError) throws(HTTPError) -> ArraySlice<UInt8>? {
        var index = start + scanned
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        guard index < bytes.count else {
            scanned = count
            if count > limit { throw tooLong }
            return nil
        }
        guard index > start, bytes[index - 1] == 0x0D else {
            throw .malformed("a line ends with a line feed alone")
        }
        guard index + 1 - start <= limit else { throw tooLong }
        let line = take(index + 1 - start).dropLast(2)
        guard !line.contains(0x0D) else { throw .malformed("a carriage return stands inside a line") }
        return line
    }
}
