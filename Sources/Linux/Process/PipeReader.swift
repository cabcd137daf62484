internal import CLinux
internal import Glibc
package import Model
package import Platform

/// The reading end of a pipe.
@Loop
package final class PipeReader: ReadinessHandler {
    private var pipe: Descriptor?
    private var registration: Registration?
    private let readable = WaitPoint()

    init(_ number: Int32) throws(StreamError) {
        pipe = try Descriptor(number)
        _ = rondo_set_nonblocking(number)
        registration = try Reactor.shared.register(number, .edge, self)
    }

    isolated deinit { close() }

    /// Waits for at least one byte; empty when all writers have closed.
    /// - Throws: `timedOut`, `closed`, `failed`.
    package func read(atMost maximum: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        while true {
            let ticket = readable.wakes
            guard let number = pipe?.number else { throw .closed }
            let (bytes, transfer) = unsafe Buffer.read(atMost: maximum) { buffer in
                // Safe because read(2) writes at most the buffer's size.
                let count = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
                return count < 0 ? -errno : Int32(count)
            }
            switch transfer {
            case .moved: return bytes
            case .notReady: try await readable.wait(after: ticket, until: deadline).check()
            case .failed(let error): throw error
            }
        }
    }

    /// Everything up to the end.
    /// - Throws: `failed(EFBIG)` beyond `limit` bytes, and what `read` throws.
    package func readAll(limit: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try await read(atMost: Buffer.maximum, deadline: deadline)
            if bytes.isEmpty { return all }
            if all.count + bytes.count > limit { throw .failed(EFBIG) }
            all += bytes
        }
    }

    package func close() {
        guard let pipe = pipe.take() else { return }
        if let registration { Reactor.shared.remove(pipe.number, registration) }
        readable.close()
    }

    func became(_ readiness: Readiness) { readable.wake() }
}
