/// The body of a 206 with several ranges: `multipart/byteranges` (RFC 9110 §14.6), its length known beforehand.
package struct MultipartRanges: Hashable, Sendable {
    /// A range of the original and what precedes it.
    package struct Part: Hashable, Sendable {
        package let head: [UInt8]
        package let range: Range<Int64>
    }

    package let parts: [Part]
    package let tail: [UInt8]
    /// The value of the answer's `Content-Type`.
    package let contentType: String

    /// - Parameter boundary: does not occur in the bytes; derived from their hash, it is the same on every server.
    package init(_ ranges: [Range<Int64>], size: Int64, contentType: String, boundary: String) {
        parts = ranges.map { range in
            let head = """
                \r\n--\(boundary)\r\nContent-Type: \(contentType)\r\n\
                Content-Range: \(ByteRanges.contentRange(range, size: size))\r\n\r\n
                """
            return Part(head: Array(head.utf8), range: range)
        }
        tail = Array("\r\n--\(boundary)--\r\n".utf8)
        self.contentType = "multipart/byteranges; boundary=\(boundary)"
    }

    /// The body's bytes, exactly.
    package var length: Int64 {
        parts.reduce(Int64(tail.count)) { $0 + Int64($1.head.count) + Int64($1.range.count) }
    }
}
