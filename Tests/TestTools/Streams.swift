package import Model
package import Platform

extension ByteStream {
    /// Reads to the end of the stream.
    package func readAll(deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try await read(atMost: 1 << 16, deadline: deadline)
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    /// Reads so many bytes and not one more.
    /// - Throws: `StreamError`, `closed` where the stream ends before.
    package func read(exactly count: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = try await read(atMost: count - all.count, deadline: deadline)
            if bytes.isEmpty { throw .closed }
            all += bytes
        }
        return all
    }
}
