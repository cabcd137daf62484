import Glibc
import Model
import Platform
import TestTools

@testable import Linux

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
