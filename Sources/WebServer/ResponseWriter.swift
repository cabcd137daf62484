internal import HTTP
internal import Model
package import Platform

/// Writes one answer's body. Each piece waits until the kernel has taken it, which is the back-pressure.
@Loop
package final class ResponseWriter {
    private let connection: Connection
    private var head: [UInt8]?
    private let isChunked: Bool
    /// Bytes still owed, or nil where nobody promised a length.
    private var owed: Int64?

    init(head: [UInt8], length: Int64?, isChunked: Bool, on connection: Connection) {
        self.head = head
        self.isChunked = isChunked
        owed = length
        self.connection = connection
    }

    /// Whether the client has got anything yet.
    var hasBegun: Bool { head == nil }

    /// Sends the next bytes of the body.
    /// - Throws: `StreamError` when the client is gone or does not read; the producer is then to return.
    package func write(_ bytes: ArraySlice<UInt8>) async throws(StreamError) {
        if bytes.isEmpty { return }
        if let left = owed {
            // More than was promised would be read as the next answer.
            guard Int64(bytes.count) <= left else { throw .closed }
            owed = left - Int64(bytes.count)
        }
        let prefix = (head ?? []) + (isChunked ? MessageWriter.chunkHead(length: bytes.count) : [])
        head = nil
        if prefix.isEmpty {
            try await connection.write(bytes)
        } else {
            try await connection.write((prefix + bytes + (isChunked ? [0x0D, 0x0A] : []))[...])
        }
    }

    package func write(_ bytes: [UInt8]) async throws(StreamError) { try await write(bytes[...]) }

    /// Ends the body: sends the head of an empty one, or the last chunk.
    /// - Throws: `closed` when less came than was promised.
    func finish() async throws(StreamError) {
        guard (owed ?? 0) == 0 else { throw .closed }
        let last = (head ?? []) + (isChunked ? Array("0\r\n\r\n".utf8) : [])
        head = nil
        if !last.isEmpty { try await connection.write(last[...]) }
    }
}
