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

    /// Sends the next bytes of the body, from the system's memory where they are there.
    /// - Throws: `StreamError` when the client is gone or does not read; the producer is then to return.
    package func write(_ piece: StreamPiece) async throws(StreamError) {
        if piece.count == 0 { return }
        if let left = owed {
            // More than was promised would be read as the next answer.
            guard Int64(piece.count) <= left else { throw .closed }
            owed = left - Int64(piece.count)
        }
        let prefix = (head ?? []) + (isChunked ? MessageWriter.chunkHead(length: piece.count) : [])
        head = nil
        if isChunked {
            try await connection.write((prefix + piece.bytes + [0x0D, 0x0A])[...])
        } else {
            try await connection.write(prefix, then: piece)
        }
    }

    package func write(_ bytes: ArraySlice<UInt8>) async throws(StreamError) { try await write(.bytes(bytes)) }

    /// Returns when the client would take more at once; for producers of what is dear to keep. What it waits for, a
    /// writer would have waited for.
    package func waitForRoom() async throws(StreamError) {
        if hasBegun { try await connection.waitForRoom() }
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
