import Glibc
import Model
import Platform

@testable import Linux

/// Runs `body` on the event loop, as a server's task does, and hands its error on.
func onLoop<Value: Sendable>(_ body: @escaping @Loop @Sendable () async throws -> Value) async throws -> Value {
    EventLoop.install()
    let outcome = Outcome<Value>()
    await Loop.spawn("test") {
        do { outcome.result = .success(try await body()) } catch { outcome.result = .failure(error) }
    }.value
    return try await outcome.value()
}

@Loop
private final class Outcome<Value: Sendable> {
    struct Missing: Error {}
    var result: Result<Value, any Error> = .failure(Missing())
    nonisolated init() {}
    func value() throws -> Value { try result.get() }
}

/// Two connected streams and their listener.
struct StreamPair: Sendable {
    let client: any ByteStream
    let server: any ByteStream
    let listener: any StreamListener

    @Loop func close() {
        client.close()
        server.close()
        listener.close()
    }
}

@Loop
extension LinuxNetwork {
    func pair() async throws(StreamError) -> StreamPair {
        let accepted = Mailbox<any ByteStream>()
        let listener = try listen(on: Endpoint(.loopback, 0)) { accepted.put($0) }
        let client = try await connect(to: listener.local, from: .any, deadline: soon)
        return StreamPair(client: client, server: try await accepted.take(), listener: listener)
    }
}

extension ByteStream {
    /// Reads to the end of the stream.
    func readAll(deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try await read(atMost: 1 << 16, deadline: deadline)
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    func read(exactly count: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = try await read(atMost: count - all.count, deadline: deadline)
            if bytes.isEmpty { throw .closed }
            all += bytes
        }
        return all
    }
}

/// Things in the order in which they were put; a taker waits for the next one.
@Loop
final class Mailbox<Value: Sendable> {
    private var values: [Value] = []
    private let arrived = WaitPoint()

    nonisolated init() {}

    func put(_ value: Value) {
        values.append(value)
        arrived.wake()
    }

    func take(until deadline: MonotonicTime? = nil) async throws(StreamError) -> Value {
        let deadline = deadline ?? soon
        while values.isEmpty { try await arrived.wait(after: arrived.wakes, until: deadline).check() }
        return values.removeFirst()
    }

    var count: Int { values.count }
}

/// Far enough for a busy machine, near enough to end a broken test.
var soon: MonotonicTime { Reactor.now + .seconds(20) }

/// Lets the loop go round so often that every task that can go on has come to its next wait.
@Loop
func turns() async {
    for _ in 0..<64 { await Reactor.shared.spend(1 << 30) }
}

/// The error that `body` throws, nil for none.
@Loop
func streamError<Value: Sendable>(_ body: @Loop () async throws(StreamError) -> Value) async -> StreamError? {
    do throws(StreamError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// A pipe whose writing end is a plain descriptor.
@Loop
final class TestPipe {
    let reader: PipeReader
    let writing: Int32
    private let owner: Descriptor

    init() throws(StreamError) {
        var ends: [Int32] = [-1, -1]
        // Safe because pipe(2) writes two numbers.
        if unsafe pipe(&ends) != 0 { throw .failed(errno) }
        reader = try PipeReader(ends[0])
        writing = ends[1]
        owner = try Descriptor(ends[1])
    }
}
