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

    private static let unsentLimit: Int32 = 256 << 10

    /// - Parameter onClose: called once, when the descriptor is given back.
    init(
        _ socket: consuming Descriptor, remote: Endpoint, onClose: @escaping @Loop @Sendable () -> Void
    ) throws(StreamError) {
        socket.setOption(Int32(IPPROTO_TCP), TCP_NODELAY)
        // What waits in the kernel before it is sent is memory as well; what is on its way does not count.
        socket.setOption(Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, Self.unsentLimit)
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

    func read(into bytes: inout [UInt8], from start: Int, deadline: MonotonicTime) async throws(StreamError) -> Int {
        let piece = try await read(atMost: bytes.count - start, deadline: deadline)
        bytes.replaceSubrange(start..<start + piece.count, with: piece)
        return piece.count
    }

    func write(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError) {
        var progress = Progress(until: deadline)
        try await write(bytes, isMoreToCome: false, &progress)
    }

    func write(_ head: [UInt8], then piece: StreamPiece, pace: SendingPace) async throws(StreamError) {
        var progress = Progress(pace)
        if !head.isEmpty { try await write(head[...], isMoreToCome: piece.count > 0, &progress) }
        switch piece {
        case .bytes(let bytes): try await write(bytes, isMoreToCome: false, &progress)
        case .held(let memory as SealedMemory, let range): try await send(memory, range, &progress)
        case .held: try await write(piece.bytes, isMoreToCome: false, &progress)
        }
    }

    func waitUntilWritable(pace: SendingPace) async throws(StreamError) {
        var progress = Progress(pace)
        while true {
            let ticket = writable.wakes
            guard let number else { throw .closed }
            // The question itself makes the kernel tell when the answer changes (tcp_poll sets SOCK_NOSPACE).
            if rondo_is_writable(number) != 0 { return }
            try await waitForRoom(after: ticket, &progress)
        }
    }

    private func write(
        _ bytes: ArraySlice<UInt8>, isMoreToCome: Bool, _ progress: inout Progress
    ) async throws(StreamError) {
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
                return unsafe rondo_send(number, start, min(buffer.count, 1 << 20), isMoreToCome ? 1 : 0)
            }
            if let count = try await moved(result, after: ticket, &progress) { rest = rest.dropFirst(count) }
        }
    }

    private func send(
        _ memory: SealedMemory, _ range: Range<Int>, _ progress: inout Progress
    ) async throws(StreamError) {
        invariant(!isWriting, "a stream has two writers")
        isWriting = true
        defer { isWriting = false }
        var rest = range
        while !rest.isEmpty {
            let ticket = writable.wakes
            guard let number else { throw .closed }
            hasWritten = true
            let result = memory.send(rest, to: number)
            if let count = try await moved(result, after: ticket, &progress) {
                rest = rest.lowerBound + count..<rest.upperBound
            }
        }
    }

    /// What a call that sends has moved; nil after a wait for room.
    private func moved(_ result: Int32, after ticket: UInt64, _ progress: inout Progress)
        async throws(StreamError) -> Int?
    {
        switch Transfer(result) {
        case .moved(let count):
            progress.took(count)
            await Reactor.shared.spend(count)
            return count
        case .notReady:
            try await waitForRoom(after: ticket, &progress)
            return nil
        case .failed(let error): throw error
        }
    }

    /// A socket becomes writable only when a third of its buffer is free, which may be megabytes: who reads slowly, and
    /// fast enough, is known by what has left the buffer meanwhile.
    private func waitForRoom(after ticket: UInt64, _ progress: inout Progress) async throws(StreamError) {
        guard let number else { throw .closed }
        let queued = Int(rondo_queued(number))
        progress.waits(with: queued)
        do throws(StreamError) {
            try await writable.wait(after: ticket, until: progress.deadline).check()
        } catch {
            guard error == .timedOut, let number = self.number, progress.renewed(by: Int(rondo_queued(number)))
            else { throw error }
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

    /// While it is corked, only full segments leave (tcp(7)); TLS writes its records one by one.
    func setCorked(_ isCorked: Bool) { _ = socket?.setOption(Int32(IPPROTO_TCP), TCP_CORK, isCorked ? 1 : 0) }

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

/// Whether the other end takes what it is sent fast enough.
private struct Progress {
    private let pace: SendingPace?
    private(set) var deadline: MonotonicTime
    /// Bytes taken since the deadline was set.
    private var taken = 0
    /// Bytes in the kernel's buffer when a wait began that the deadline holds for.
    private var queued: Int?

    init(until deadline: MonotonicTime) {
        pace = nil
        self.deadline = deadline
    }

    init(_ pace: SendingPace) {
        self.pace = pace
        deadline = Reactor.now + pace.time
    }

    mutating func took(_ count: Int) {
        guard let pace else { return }
        taken += count
        queued = nil
        if taken >= pace.piece { renew(pace) }
    }

    mutating func waits(with queued: Int) { self.queued = self.queued ?? queued }

    /// Whether so much has left the kernel's buffer that the time begins anew.
    mutating func renewed(by queued: Int) -> Bool {
        guard let pace, let before = self.queued, before - queued >= pace.piece else { return false }
        renew(pace)
        self.queued = queued
        return true
    }

    private mutating func renew(_ pace: SendingPace) {
        taken = 0
        deadline = Reactor.now + pace.time
    }
}
