import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

/// Answers that go out with a head, in pieces, and from the system's memory.
@Suite struct SendingTests {
    private static let pace = SendingPace(piece: 64 << 10, time: .seconds(20))
    private static let bytes = chunk(1, length: 3_000_001).bytes

    @Test func `what is sent from the system's memory arrives behind its head, byte by byte`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let memory = try #require(SealedMemory(Self.bytes))
            let range = 100_001..<2_900_000
            let reading = Loop.start("read") {
                try await pair.client.read(exactly: 4 + range.count, deadline: soon)
            }
            try await pair.server.write(Array("head".utf8), then: .held(memory, range), pace: Self.pace)
            #expect(try await reading.value == Array("head".utf8) + Self.bytes[range])
        }
    }

    @Test func `a stream without a way for it sends a copy`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().securePair()
            let memory = try #require(SealedMemory(Self.bytes))
            let reading = Loop.start("read") {
                try await pair.client.read(exactly: 4 + Self.bytes.count, deadline: soon)
            }
            try await pair.server.write(
                Array("head".utf8), then: .held(memory, 0..<Self.bytes.count), pace: Self.pace)
            #expect(try await reading.value == Array("head".utf8) + Self.bytes)
            pair.close()
        }
    }

    @Test func `memory that was handed out cannot be changed any more`() throws {
        let memory = try #require(SealedMemory(Self.bytes))
        #expect(memory.count == Self.bytes.count)
        #expect(memory.copy(5..<70_000) == Array(Self.bytes[5..<70_000]))
        #expect(ftruncate(memory.file, 10) == -1)
        #expect(unsafe pwrite(memory.file, "x", 1, 0) == -1)
        #expect(memory.copy(0..<1) == [Self.bytes[0]])
    }

    @Test func `bytes are read to where they are to stay`() async throws {
        for isSecure in [false, true] {
            try await onLoop {
                let pair =
                    isSecure ? try await LinuxNetwork().securePair() : try await LinuxNetwork().pair()
                let writing = Loop.start("write") {
                    try await pair.server.write(Self.bytes, deadline: soon)
                    pair.server.finishWriting()
                }
                var bytes = [UInt8](repeating: 0, count: Self.bytes.count + 10)
                var filled = 5
                while filled < Self.bytes.count + 5 {
                    let count = try await pair.client.read(into: &bytes, from: filled, deadline: soon)
                    if count == 0 { break }
                    filled += count
                }
                #expect(Array(bytes[5..<filled]) == Self.bytes)
                #expect(bytes.prefix(5) + bytes.suffix(5) == [UInt8](repeating: 0, count: 10))
                #expect(try await pair.client.read(into: &bytes, from: 0, deadline: soon) == 0)
                try await writing.value
                pair.close()
            }
        }
    }

    @Test func `who takes nothing is given up, and who takes it slowly is not`() async throws {
        try await onLoop {
            let pair = try await LinuxNetwork().pair()
            defer { pair.close() }
            let memory = try #require(SealedMemory([UInt8](repeating: 7, count: 32 << 20)))
            let pace = SendingPace(piece: 64 << 10, time: .milliseconds(200))
            let error = await streamError { () async throws(StreamError) in
                try await pair.server.write([], then: .held(memory, 0..<memory.count), pace: pace)
            }
            #expect(error == .timedOut)
            // The buffers are full: a third of them must be free before the kernel calls it writable, and that takes
            // longer than the pace, of which the reader keeps ten times as much.
            let isOver = Flag()
            let reading = Loop.spawn("slow reader") {
                while !isOver.isSet {
                    _ = try? await pair.client.read(exactly: 32 << 10, deadline: soon)
                    await LinuxClock().sleep(for: .milliseconds(10))
                }
            }
            let began = Reactor.now
            let waiting = await streamError { () async throws(StreamError) in
                try await pair.server.waitUntilWritable(pace: pace)
            }
            #expect(waiting == nil)
            #expect(Reactor.now - began > .zero)
            isOver.isSet = true
            pair.server.close()
            await reading.value
        }
    }
}

@Loop
extension LinuxNetwork {
    /// The same over TLS.
    fileprivate func securePair() async throws -> StreamPair {
        let plain = try await pair()
        let secrets = [PeerSecret(identity: "rondo/1", key: [UInt8](repeating: 3, count: 32))]
        let limit = soon
        let server = Loop.start("accept") {
            try await self.secure(plain.server, as: .server, secrets: secrets, deadline: limit)
        }
        let client = try await secure(plain.client, as: .client, secrets: secrets, deadline: limit)
        return StreamPair(client: client, server: try await server.value, listener: plain.listener)
    }
}

/// Says once that something is over.
@Loop
private final class Flag {
    nonisolated init() {}
    var isSet = false
}
