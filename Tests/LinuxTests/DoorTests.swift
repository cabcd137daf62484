import COpenSSL
import Model
import Platform
import Testing
import TestTools

@testable import Linux

private let key = PeerSecret(identity: "rondo/1/door", key: [UInt8](repeating: 7, count: 32))

/// What somebody on the way between two ends sees, and what comes of it when he records, repeats, reflects and changes.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TLSDoorTests {
    /// The first bytes of a client with the key.
    @Loop
    private static func hello() async throws -> [UInt8] {
        let plain = try await LinuxNetwork().pair()
        defer { plain.close() }
        let client = Loop.spawn("client") {
            _ = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().secure(plain.client, as: .client, secrets: [key], deadline: soon)
            }
        }
        let hello = try await plain.server.read(atMost: 4_096, deadline: soon)
        plain.server.close()
        await client.value
        return hello
    }

    /// The PSK identity at the end of a ClientHello, before its age (4 bytes) and one binder of 32 (2 + 1 + 32).
    private static func identity(in hello: [UInt8]) -> [UInt8] { Array(hello.dropLast(39).suffix(48)) }

    @Test func `a client's hello shows no name of the cluster, and no two have anything in common`() async throws {
        try await onLoop {
            let hellos = [try await Self.hello(), try await Self.hello()]
            for hello in hellos {
                #expect(!String(decoding: hello, as: UTF8.self).contains("rondo"))
            }
            let names = hellos.map(Self.identity)
            #expect(names[0].count == 48)
            #expect(zip(names[0], names[1]).count { $0 == $1 } < 8)
        }
    }

    @Test func `a recorded hello that is played again opens nothing`() async throws {
        try await onLoop {
            let hello = try await Self.hello()
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            let refused = Loop.spawn("server") {
                let error = await streamError { () async throws(StreamError) in
                    try await LinuxNetwork().secure(plain.server, as: .server, secrets: [key], deadline: soon)
                }
                #expect(error != nil)
            }
            try await plain.client.write(hello, deadline: soon)
            // All that comes back is the server's own first flight: random numbers, and what only the key opens.
            let flight = try await plain.client.read(atMost: 4_096, deadline: soon)
            #expect(!String(decoding: flight, as: UTF8.self).contains("rondo"))
            try await plain.client.write(flight, deadline: soon)
            await refused.value
        }
    }

    @Test func `a guessed name gets an alert and nothing more`() async throws {
        try await onLoop {
            var hello = try await Self.hello()
            hello[hello.count - 39 - 48] ^= 1
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            let refused = Loop.spawn("server") {
                let error = await streamError { () async throws(StreamError) in
                    try await LinuxNetwork().secure(plain.server, as: .server, secrets: [key], deadline: soon)
                }
                #expect(error != nil)
            }
            try await plain.client.write(hello, deadline: soon)
            // An alert record: type 21, version, length 2, fatal, which.
            let answer = try await plain.client.readAll(deadline: soon)
            #expect(answer.count == 7 && answer.prefix(5) == [21, 3, 3, 0, 2], "\(answer)")
            await refused.value
        }
    }

    @Test(arguments: ["an older version", "another cipher"])
    func `with the right key but another TLS nobody comes in`(_ what: String) async throws {
        try await onLoop {
            let context = try TLSContext(.client, [key])
            if what == "an older version" {
                unsafe SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
                unsafe SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
            } else {
                unsafe SSL_CTX_set_ciphersuites(context.pointer, "TLS_CHACHA20_POLY1305_SHA256")
            }
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            let client = try TLSStream(try #require(plain.client as? TCPStream), context: context)
            let attempt = Loop.spawn("client") {
                let error = await streamError { () async throws(StreamError) in
                    try await client.handshake(.client, deadline: soon)
                }
                #expect(error != nil)
                plain.client.close()
            }
            let error = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().secure(plain.server, as: .server, secrets: [key], deadline: soon)
            }
            #expect(error != nil)
            await attempt.value
        }
    }

    @Test(arguments: [Meddling.repeated, .reflected, .changed])
    func `a record that is repeated, reflected or changed ends the connection`(_ meddling: Meddling) async throws {
        try await onLoop {
            let wire = try await MeddledWire()
            let ends = try await wire.secure()
            try await ends.client.write([1, 2, 3], deadline: soon)
            #expect(try await ends.server.read(exactly: 3, deadline: soon) == [1, 2, 3])
            wire.meddling = meddling
            try await ends.client.write([4, 5, 6], deadline: soon)
            let victim = meddling == .reflected ? ends.client : ends.server
            if meddling == .repeated {
                #expect(try await victim.read(exactly: 3, deadline: soon) == [4, 5, 6])
            }
            let error = await streamError { () async throws(StreamError) in
                try await victim.read(atMost: 3, deadline: soon)
            }
            if case .untrusted = error {} else { Issue.record("\(String(describing: error))") }
            wire.close()
        }
    }
}

/// What is done to the next bytes from client to server.
enum Meddling: Sendable { case none, repeated, reflected, changed }

/// Two connections and somebody between them.
@Loop
private final class MeddledWire {
    private let near: StreamPair
    private let far: StreamPair
    var meddling = Meddling.none

    init() async throws {
        near = try await LinuxNetwork().pair()
        far = try await LinuxNetwork().pair()
        Loop.spawn("forth") { [self] in await pass(from: near.server, to: far.client, isForth: true) }
        Loop.spawn("back") { [self] in await pass(from: far.client, to: near.server, isForth: false) }
    }

    private func pass(from source: any ByteStream, to target: any ByteStream, isForth: Bool) async {
        while let bytes = try? await source.read(atMost: 16_384, deadline: soon), !bytes.isEmpty {
            do throws(StreamError) {
                switch isForth ? meddling : .none {
                case .none: try await target.write(bytes, deadline: soon)
                case .repeated: try await target.write(bytes + bytes, deadline: soon)
                case .reflected: try await source.write(bytes, deadline: soon)
                case .changed: try await target.write(bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], deadline: soon)
                }
            } catch {
                break
            }
        }
        target.close()
    }

    func secure() async throws -> (client: any ByteStream, server: any ByteStream) {
        let (near, far) = (near, far)
        let server = Loop.start("server") {
            try await LinuxNetwork().secure(far.server, as: .server, secrets: [key], deadline: soon)
        }
        let client = try await LinuxNetwork().secure(near.client, as: .client, secrets: [key], deadline: soon)
        return (client, try await server.value)
    }

    func close() {
        near.close()
        far.close()
    }
}
