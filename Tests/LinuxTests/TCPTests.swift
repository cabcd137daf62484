import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct TCPTests {
    @Test func `bytes cross a connection in both directions`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            try await pair.client.write(Array("question".utf8), deadline: soon)
            #expect(try await pair.server.read(exactly: 8, deadline: soon) == Array("question".utf8))
            try await pair.server.write(Array("answer".utf8), deadline: soon)
            #expect(try await pair.client.read(exactly: 6, deadline: soon) == Array("answer".utf8))
            #expect(pair.client.remote == pair.server.local)
            #expect(pair.client.local == pair.server.remote)
        }
    }

    @Test func `a finished writer reads on`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            try await pair.client.write(Array("all of it".utf8), deadline: soon)
            pair.client.finishWriting()
            #expect(try await pair.server.readAll(deadline: soon) == Array("all of it".utf8))
            #expect(try await pair.server.read(atMost: 10, deadline: soon).isEmpty)
            try await pair.server.write(Array("thanks".utf8), deadline: soon)
            #expect(try await pair.client.read(exactly: 6, deadline: soon) == Array("thanks".utf8))
            #expect(
                await streamError { () async throws(StreamError) in
                    try await pair.client.write([1], deadline: soon)
                } == .closed)
        }
    }

    @Test func `a read that timed out leaves the stream usable`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let start = Reactor.now
            let error = await streamError { () async throws(StreamError) in
                try await pair.client.read(atMost: 10, deadline: start + .milliseconds(30))
            }
            #expect(error == .timedOut)
            #expect(Reactor.now - start >= .milliseconds(30))
            try await pair.server.write([1, 2, 3], deadline: soon)
            #expect(try await pair.client.read(exactly: 3, deadline: soon) == [1, 2, 3])
        }
    }

    @Test func `a slow reader holds the writer back and gets every byte`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let pattern = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            var bytes: [UInt8] = []
            for _ in 0..<400 { bytes += pattern }
            let sent = bytes
            let isWritten = Mailbox<StreamError?>()
            let writer = Loop.spawn("writer") {
                let error = await streamError { () async throws(StreamError) in
                    try await pair.server.write(sent, deadline: soon)
                }
                isWritten.put(error)
                pair.server.finishWriting()
            }
            // Nobody reads: the kernel takes some megabytes and no more, and the writer waits.
            let early = await streamError { () async throws(StreamError) in
                try await isWritten.take(until: Reactor.now + .milliseconds(100))
            }
            #expect(early == .timedOut)
            let received = try await pair.client.readAll(deadline: soon)
            #expect(received.count == bytes.count)
            #expect(received == bytes)
            #expect(try await isWritten.take() == nil)
            await writer.value
        }
    }

    @Test func `a write against a reader that never reads ends at its deadline`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let error = await streamError { () async throws(StreamError) in
                try await pair.server.write(
                    [UInt8](repeating: 7, count: 32 << 20), deadline: Reactor.now + .milliseconds(50))
            }
            #expect(error == .timedOut)
        }
    }

    @Test func `closing wakes a waiting reader and a waiting writer`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let errors = Mailbox<StreamError?>()
            let reader = Loop.spawn("reader") {
                errors.put(
                    await streamError { () async throws(StreamError) in
                        try await pair.client.read(atMost: 1, deadline: soon)
                    })
            }
            let writer = Loop.spawn("writer") {
                errors.put(
                    await streamError { () async throws(StreamError) in
                        try await pair.client.write([UInt8](repeating: 0, count: 32 << 20), deadline: soon)
                    })
            }
            await turns()
            pair.client.close()
            pair.client.close()
            #expect(try await errors.take() == .closed)
            #expect(try await errors.take() == .closed)
            await reader.value
            await writer.value
            #expect(
                await streamError { () async throws(StreamError) in
                    try await pair.client.read(atMost: 1, deadline: soon)
                } == .closed)
        }
    }

    @Test func `cancelling a task wakes it and leaves the stream usable`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let errors = Mailbox<StreamError?>()
            let reader = Loop.spawn("reader") {
                errors.put(
                    await streamError { () async throws(StreamError) in
                        try await pair.client.read(atMost: 1, deadline: .distantFuture)
                    })
            }
            await turns()
            reader.cancel()
            #expect(try await errors.take() == .closed)
            try await pair.server.write([9], deadline: soon)
            #expect(try await pair.client.read(atMost: 1, deadline: soon) == [9])
        }
    }

    @Test func `what was written before a close arrives although bytes were left unread`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            try await pair.client.write([UInt8](repeating: 1, count: 100_000), deadline: soon)
            _ = try await pair.server.read(exactly: 10, deadline: soon)
            try await pair.server.write(Array("refused, and here is why".utf8), deadline: soon)
            pair.server.close()
            // The client is still sending when the answer is on its way.
            try await pair.client.write([UInt8](repeating: 1, count: 100_000), deadline: soon)
            #expect(try await pair.client.readAll(deadline: soon) == Array("refused, and here is why".utf8))
        }
    }

    @Test func `tasks that did not ask for the loop's thread lose no wake either`() async throws {
        EventLoop.install()
        // Without the preference each await may go round through the loop's queue, between a try and its wait.
        let rounds = Task { @Loop in
            let pair = try await LinuxNetwork().pair()
            let echo = Task { @Loop in
                for _ in 0..<500 {
                    let bytes = try await pair.server.read(atMost: 10, deadline: soon)
                    try await pair.server.write(bytes, deadline: soon)
                }
            }
            for round in 0..<500 {
                try await pair.client.write([UInt8(truncatingIfNeeded: round)], deadline: soon)
                let answer = try await pair.client.read(atMost: 10, deadline: soon)
                #expect(answer == [UInt8(truncatingIfNeeded: round)])
            }
            try await echo.value
            pair.close()
        }
        try await rounds.value
    }

    @Test func `nobody listening is refused at once`() async throws {
        try await onLoop {
            // A bound socket that does not listen keeps the port from others.
            let bound = try Descriptor.stream()
            try bound.bind(to: Endpoint(.loopback, 0))
            let endpoint = bound.localEndpoint()
            let error = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().connect(to: endpoint, from: .any, deadline: soon)
            }
            #expect(error == .refused)
        }
    }

    @Test func `a free port that meets itself is refused`() async throws {
        try await onLoop {
            // Two ends of one port open at once (RFC 9293 §3.5), which the system's choice of ports can bring about.
            let error = await streamError { () async throws(StreamError) in
                let bound = try Descriptor.stream()
                try bound.bind(to: Endpoint(HostAddress(127, 0, 0, 9), 0))
                let endpoint = bound.localEndpoint()
                return try await LinuxNetwork().finishConnecting(bound, to: endpoint, deadline: soon)
            }
            #expect(error == .refused)
        }
    }

    @Test func `a connect that nobody answers ends at its deadline`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            // A full backlog answers nothing, as a host that drops packets does.
            let full = try Descriptor.stream()
            try full.bind(to: Endpoint(.loopback, 0))
            #expect(listen(full.number, 0) == 0)
            let endpoint = full.localEndpoint()
            var kept: [any ByteStream] = []
            var error: StreamError?
            for _ in 0..<8 where error == nil {
                error = await streamError { () async throws(StreamError) in
                    kept.append(
                        try await network.connect(
                            to: endpoint, from: .any, deadline: Reactor.now + .milliseconds(100)))
                }
            }
            #expect(error == .timedOut)
            for stream in kept { stream.close() }
        }
    }

    @Test func `a connection leaves from the address that was asked for`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let accepted = Mailbox<any ByteStream>()
            let listener = try network.listen(on: Endpoint(.loopback, 0)) { accepted.put($0) }
            defer { listener.close() }
            let source = HostAddress(127, 0, 0, 77)
            let client = try await network.connect(to: listener.local, from: source, deadline: soon)
            let server = try await accepted.take()
            #expect(client.local.host == source)
            #expect(server.remote == client.local)
            client.close()
            server.close()
        }
    }

    @Test func `a port in use is an error with its number`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let listener = try network.listen(on: Endpoint(.loopback, 0)) { $0.close() }
            defer { listener.close() }
            let error = await streamError { () async throws(StreamError) in
                try network.listen(on: listener.local) { $0.close() }.close()
            }
            #expect(error == .failed(EADDRINUSE))
        }
    }

    @Test func `a thousand connections leave no descriptor behind`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let accepted = Mailbox<any ByteStream>()
            let listener = try network.listen(on: Endpoint(.loopback, 0)) { accepted.put($0) }
            defer { listener.close() }
            for round in 0..<1_000 {
                let client = try await network.connect(to: listener.local, from: .any, deadline: soon)
                let server = try await accepted.take()
                try await client.write([1], deadline: soon)
                _ = try await server.read(atMost: 1, deadline: soon)
                if round.isMultiple(of: 2) { client.close() } else { server.close() }
                if round.isMultiple(of: 2) { server.close() } else { client.close() }
            }
            #expect(network.openStreamCount == 0)
            // Lingering ones wait for the other end, which has closed.
            let deadline = soon
            while Lingering.count > 0, Reactor.now < deadline { await turns() }
            #expect(Lingering.count == 0)
        }
    }

    @Test func `a forgotten stream gives its descriptor back`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let ends = Mailbox<any ByteStream>()
            let listener = try network.listen(on: Endpoint(.loopback, 0)) { ends.put($0) }
            defer { listener.close() }
            do { _ = try await network.connect(to: listener.local, from: .any, deadline: soon) }
            let server = try await ends.take()
            #expect(try await server.read(atMost: 1, deadline: soon).isEmpty)
            #expect(network.openStreamCount == 1)
            server.close()
        }
    }

    @Test func `at its bound a listener lets callers wait and takes them when others have gone`() async throws {
        try await onLoop {
            let network = LinuxNetwork(maximumStreams: 4)
            let callers = LinuxNetwork()
            let accepted = Mailbox<any ByteStream>()
            let listener = try network.listen(on: Endpoint(.loopback, 0)) { accepted.put($0) }
            defer { listener.close() }
            var clients: [any ByteStream] = []
            for _ in 0..<6 {
                clients.append(try await callers.connect(to: listener.local, from: .any, deadline: soon))
            }
            var servers: [any ByteStream] = []
            for _ in 0..<4 { servers.append(try await accepted.take()) }
            let fifth = await streamError { () async throws(StreamError) in
                _ = try await accepted.take(until: Reactor.now + .milliseconds(150))
            }
            #expect(fifth == .timedOut)
            for server in servers { server.close() }
            for _ in 0..<2 { try await accepted.take().close() }
            for client in clients { client.close() }
        }
    }

    @Test func `a process without free descriptors goes on accepting when it has some again`() async {
        await #expect(processExitsWith: .success) {
            EventLoop.install()
            ProcessLimits.apply(openFiles: 64)
            let isRight = Locked(false)
            let test = Loop.spawn("test") {
                let network = LinuxNetwork()
                let accepted = Mailbox<any ByteStream>()
                var clients: [any ByteStream] = []
                let full = await streamError { () async throws(StreamError) in
                    let listener = try network.listen(on: Endpoint(.loopback, 0)) { accepted.put($0) }
                    // Three are left: for both ends of one connection, and for one end of another.
                    var spare: [Int32] = []
                    while spare.last ?? 0 >= 0 { spare.append(dup(STDERR_FILENO)) }
                    for number in spare.dropLast().suffix(3) { close(number) }
                    while true {
                        clients.append(try await network.connect(to: listener.local, from: .any, deadline: soon))
                    }
                }
                let before = accepted.count
                let resumed = await streamError { () async throws(StreamError) in
                    try await accepted.take().close()
                    clients.first?.close()
                    try await accepted.take().close()
                }
                isRight.withLock {
                    $0 = full == .failed(EMFILE) && clients.count == 2 && before == 1 && resumed == nil
                }
            }
            await test.value
            exit(isRight.withLock { $0 } ? 0 : 1)
        }
    }
}
