internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// A TCP connection. Its buffers are the kernel's; a wait costs nothing but the waiting task.
///
/// Cancelling a task that waits on it gives that task `closed` and leaves the connection as it is.
@Loop
final class TCPStream: ByteStream {
    let local: Endpoint
    let remote: Endpoint
    private var socket: Descriptor?
    private var registration: Registration?
    private let readable = WaitPoint()
    private let writable = WaitPoint()
    /// False after the kernel had nothing more; saves asking in vain.
    private var mayRead = true
    private var hasHungUp = false
    private var hasEnded = false
    private var hasWritten = false
    private var isReading = false
    private var isWriting = false
    private let onClose: @Loop @Sendable () -> Void

    /// - Parameter onClose: called once, when the descriptor is given back.
    init(
        _ socket: consuming Descriptor, remote: Endpoint, onClose: @escaping @Loop @Sendable () -> Void
    ) throws(StreamError) {
        socket.setOption(Int32(IPPROTO_TCP), TCP_NODELAY)
        local = socket.localEndpoint()
        self.remote = remote
        self.onClose = onClose
        let number = socket.number
        self.socket = consume socket
        registration = try Reactor.shared.register(number, .edge, self)
    }

    isolated deinit { close() }

    /// The descriptor's number for OpenSSL, nil when closed.
    var number: Int32? { socket?.number }

    func read(atMost maximum: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        invariant(!isReading, "a stream has two readers")
        isReading = true
        defer { isReading = false }
        while true {
            let ticket = readable.wakes
            if mayRead || hasHungUp {
                guard let number else { throw .closed }
                let (bytes, transfer) = unsafe Buffer.read(atMost: maximum) { buffer in
                    // Safe because the buffer is not empty, so that it has an address, and lives during the call.
                    guard let start = buffer.baseAddress else { return 0 }
                    return unsafe rondo_receive(number, start, buffer.count)
                }
                switch transfer {
                case .moved(let count):
                    if count == 0 { hasEnded = true }
                    // Less than there was room for: the kernel has no more, and will tell of what comes (epoll(7)).
                    if count < min(maximum, Buffer.maximum) { mayRead = false }
                    await Reactor.shared.spend(count)
                    return bytes
                case .notReady: mayRead = false
                case .failed(let error): throw error
                }
            }
            try await readable.wait(after: ticket, until: deadline).check()
        }
    }

    func write(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError) {
        invariant(!isWriting, "a stream has two writers")
        isWriting = true
        defer { isWriting = false }
        var rest = bytes
        while !rest.isEmpty {
            let ticket = writable.wakes
            guard let number else { throw .closed }
            hasWritten = true
            let result = unsafe rest.withUnsafeBytes { buffer in
                // Safe because the buffer is not empty, so that it has an address, and the kernel copies during the
                // call.
                guard let start = buffer.baseAddress else { return Int32(0) }
                return unsafe rondo_send(number, start, min(buffer.count, 1 << 20))
            }
            switch Transfer(result) {
            case .moved(let count):
                rest = rest.dropFirst(count)
                await Reactor.shared.spend(count)
            case .notReady: try await writable.wait(after: ticket, until: deadline).check()
            case .failed(let error): throw error
            }
        }
    }

    func finishWriting() {
        if let number { _ = shutdown(number, Int32(SHUT_WR)) }
    }

    func close() {
        guard let socket = socket.take() else { return }
        if let registration { Reactor.shared.remove(socket.number, registration) }
        readable.close()
        writable.close()
        onClose()
        // Closing with unread bytes resets the connection, and a reset discards what the other end has not read yet.
        if hasWritten && !hasEnded { Lingering.finish(socket) }
    }

    /// Says that TLS writes past this object.
    func noteWriting() { hasWritten = true }

    /// How often each direction has become ready; to be taken before a try.
    var tickets: StreamTickets { StreamTickets(readable: readable.wakes, writable: writable.wakes) }

    /// Waits until a read is worth another try, for one who has tried since `tickets` were taken.
    func waitReadable(_ tickets: StreamTickets, until deadline: MonotonicTime) async throws(StreamError) {
        try await readable.wait(after: tickets.readable, until: deadline).check()
    }

    func waitWritable(_ tickets: StreamTickets, until deadline: MonotonicTime) async throws(StreamError) {
        try await writable.wait(after: tickets.writable, until: deadline).check()
    }
}

/// See `WaitPoint`.
struct StreamTickets {
    let readable: UInt64
    let writable: UInt64
}

extension TCPStream: ReadinessHandler {
    func became(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: .hungUp) { hasHungUp = true }
        if !readiness.isDisjoint(with: [.readable, .hungUp]) {
            mayRead = true
            readable.wake()
        }
        if !readiness.isDisjoint(with: [.writable, .hungUp]) { writable.wake() }
    }
}

extension Wakeup {
    func check() throws(StreamError) {
        switch self {
        case .ready: return
        case .timedOut: throw .timedOut
        case .closed, .cancelled: throw .closed
        }
    }
}
