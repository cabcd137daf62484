internal import CLinux
internal import Glibc
package import Platform

/// A descriptor whose writes may block for as long as its reader likes: standard output, a player's standard input.
package final class BlockingOutput: Sendable {
    private let descriptor: Locked<Int32>
    private let pool = BlockingPool(name: "rondo-output", threads: 1)

    /// - Parameter stream: stays open when this is released.
    package init(_ stream: StandardStream) { descriptor = Locked(stream.rawValue) }

    private init(descriptor: Int32) { self.descriptor = Locked(descriptor) }

    deinit { close() }

    /// A new pipe: what this writes, and the descriptor for its reader, which is the caller's to close.
    /// - Throws: `failed` with the error number.
    package static func pipe() throws(StreamError) -> (output: BlockingOutput, reader: Int32) {
        var ends: [Int32] = [-1, -1]
        // Safe because pipe2(2) writes two numbers.
        let result = unsafe rondo_pipe(&ends)
        if result < 0 { throw .failed(-result) }
        return (BlockingOutput(descriptor: ends[1]), ends[0])
    }

    /// Closes a descriptor that `pipe` gave, once its reader has it.
    package static func closeReader(_ reader: Int32) { Glibc.close(reader) }

    /// Returns when all of `bytes` have been taken.
    /// - Throws: `closed` when nobody reads any more, `failed` otherwise.
    package func write(_ bytes: ArraySlice<UInt8>) async throws(StreamError) {
        let number = descriptor.withLock { $0 }
        guard number >= 0 else { throw .closed }
        try await pool.run { () throws(StreamError) in
            switch Terminal.write(bytes, to: number) {
            case 0: return
            case EPIPE: throw .closed
            case let error: throw .failed(error)
            }
        }
    }

    /// Tells the reader that nothing follows; does nothing to a standard stream, and nothing a second time.
    package func close() {
        let number = descriptor.withLock { number in
            defer { number = -1 }
            return number
        }
        if number > 2 { Glibc.close(number) }
    }
}
