internal import Model
internal import Platform

/// A stream on which everything written arrives later, in order: what is written is queued, and a task of its own
/// passes it on in time. An error of the stream beneath is thrown by the next write.
@Loop
final class DelayedStream: ByteStream {
    /// What may be under way before writing waits.
    private static let window = 4 << 20
    private static let patience = Duration.seconds(30)

    let inner: any ByteStream
    private let network: FaultyNetwork
    private let clock: any Clock
    private var queue: [(time: MonotonicTime, bytes: ArraySlice<UInt8>)] = []
    private var queued = 0
    private var fault: StreamError?
    private var isPumping = false
    private var isFinished = false
    private var isClosed = false

    init(_ inner: any ByteStream, network: FaultyNetwork, clock: any Clock) {
        self.inner = inner
        self.network = network
        self.clock = clock
    }

    var local: Endpoint { inner.local }
    var remote: Endpoint { inner.remote }

    func read(atMost maximum: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        try await inner.read(atMost: maximum, deadline: deadline)
    }

    func read(into bytes: inout [UInt8], from start: Int, deadline: MonotonicTime) async throws(StreamError) -> Int {
        try await inner.read(into: &bytes, from: start, deadline: deadline)
    }

    func write(_ head: [UInt8], then piece: StreamPiece, pace: SendingPace) async throws(StreamError) {
        try await write(head[...], deadline: clock.now + pace.time)
        try await write(piece.bytes, deadline: clock.now + pace.time)
    }

    func waitUntilWritable(pace: SendingPace) async throws(StreamError) {
        try await inner.waitUntilWritable(pace: pace)
    }

    func write(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError) {
        let delay = network.faults.streamDelay
        if delay == .zero, !isPumping {
            if let fault { throw fault }
            return try await inner.write(bytes, deadline: deadline)
        }
        while queued > Self.window, fault == nil, !isClosed {
            if clock.now > deadline { throw .timedOut }
            await clock.sleep(for: .milliseconds(1))
        }
        if isClosed { throw .closed }
        if let fault { throw fault }
        queue.append((clock.now + delay, bytes))
        queued += bytes.count
        if !isPumping { pump() }
    }

    private func pump() {
        isPumping = true
        Loop.spawn("delayed stream") { [self] in
            while let first = queue.first {
                queue.removeFirst()
                await clock.sleep(until: first.time)
                do throws(StreamError) {
                    if fault == nil { try await inner.write(first.bytes, deadline: clock.now + Self.patience) }
                } catch {
                    fault = error
                }
                queued -= first.bytes.count
            }
            isPumping = false
            if isClosed { inner.close() } else if isFinished { inner.finishWriting() }
        }
    }

    func finishWriting() {
        isFinished = true
        if !isPumping { inner.finishWriting() }
    }

    /// What was written before goes out first, as from the kernel's buffers.
    func close() {
        isClosed = true
        if !isPumping { inner.close() }
    }
}
