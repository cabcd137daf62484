import COpenSSL
import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct TLSTests {
    private let key = PeerSecret(identity: "rondo/1", key: [UInt8](repeating: 7, count: 32))
    private let otherKey = PeerSecret(identity: "rondo/1", key: [UInt8](repeating: 8, count: 32))
    private let newKey = PeerSecret(identity: "rondo/2", key: [UInt8](repeating: 9, count: 32))

    @Test func `two ends with one key talk`() async throws {
        try await onLoop {
            let pair = try await SecuredPair.make(client: [key], server: [key]).get()
            defer { pair.close() }
            try await pair.client.write(Array("question".utf8), deadline: soon)
            #expect(try await pair.server.read(exactly: 8, deadline: soon) == Array("question".utf8))
            try await pair.server.write(Array("answer".utf8), deadline: soon)
            pair.server.finishWriting()
            #expect(try await pair.client.readAll(deadline: soon) == Array("answer".utf8))
        }
    }

    @Test func `a server with two keys serves clients of either`() async throws {
        try await onLoop {
            for secret in [key, newKey] {
                let pair = try await SecuredPair.make(client: [secret], server: [key, newKey]).get()
                try await pair.client.write([5], deadline: soon)
                #expect(try await pair.server.read(exactly: 1, deadline: soon) == [5])
                pair.close()
            }
        }
    }

    @Test func `much goes both ways at the same time`() async throws {
        try await onLoop {
            let pair = try await SecuredPair.make(client: [key], server: [key]).get()
            defer { pair.close() }
            let results = Mailbox<(count: Int, sum: Int)>()
            for (stream, value) in [(pair.client, UInt8(3)), (pair.server, UInt8(5))] {
                Loop.spawn("writer") {
                    let block = [UInt8](repeating: value, count: 1 << 20)
                    for _ in 0..<12 {
                        let error = await streamError { () async throws(StreamError) in
                            try await stream.write(block, deadline: soon)
                        }
                        #expect(error == nil)
                    }
                    stream.finishWriting()
                }
                Loop.spawn("reader") {
                    var received: [UInt8] = []
                    let error = await streamError { () async throws(StreamError) in
                        received = try await stream.readAll(deadline: soon)
                    }
                    #expect(error == nil)
                    results.put((received.count, Int(received.first ?? 0) + Int(received.last ?? 0)))
                }
            }
            var sums: [Int] = []
            for _ in 0..<2 {
                let result = try await results.take()
                #expect(result.count == 12 << 20)
                sums.append(result.sum)
            }
            #expect(sums.sorted() == [6, 10])
        }
    }

    @Test func `another key under the same name is refused by both ends`() async throws {
        try await onLoop {
            let (client, server) = try await SecuredPair.errors(client: [otherKey], server: [key])
            #expect(client.isUntrusted)
            #expect(server.isUntrusted)
        }
    }

    @Test func `a key that the server does not know is refused`() async throws {
        try await onLoop {
            let (client, server) = try await SecuredPair.errors(client: [newKey], server: [key])
            #expect(client.isUntrusted)
            #expect(server.isUntrusted)
        }
    }

    @Test func `a client without any key is refused`() async throws {
        try await onLoop {
            let context = try TLSContext(.client, [])
            unsafe SSL_CTX_set_psk_use_session_callback(context.pointer, nil)
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            let client = try TLSStream(try #require(plain.client as? TCPStream), context: context)
            let refused = Loop.spawn("client") {
                _ = await streamError { () async throws(StreamError) in
                    try await client.handshake(.client, deadline: soon)
                }
            }
            let error = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().secure(plain.server, as: .server, secrets: [key], deadline: soon)
            }
            #expect(error.isUntrusted)
            await refused.value
        }
    }

    @Test func `a rogue server with a certificate and no key is refused`() async throws {
        try await onLoop {
            let context = try TLSContext(.server, [])
            unsafe SSL_CTX_set_psk_find_session_callback(context.pointer, nil)
            try RogueCertificate.install(in: context)
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            let server = try TLSStream(try #require(plain.server as? TCPStream), context: context)
            let rogue = Loop.spawn("rogue") {
                _ = await streamError { () async throws(StreamError) in
                    try await server.handshake(.server, deadline: soon)
                }
            }
            let error = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().secure(plain.client, as: .client, secrets: [key], deadline: soon)
            }
            #expect(error == .untrusted("certificate verify failed"))
            await rogue.value
        }
    }

    @Test(arguments: [StreamSide.client, .server])
    func `garbage instead of a handshake is refused`(_ side: StreamSide) async throws {
        try await onLoop {
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            try await plain.client.write(Array("GET / HTTP/1.1\r\n\r\n".utf8), deadline: soon)
            try await plain.server.write(Array("HTTP/1.1 200 OK\r\n\r\n".utf8), deadline: soon)
            let stream = side == .server ? plain.server : plain.client
            let error = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().secure(stream, as: side, secrets: [key], deadline: soon)
            }
            #expect(error.isUntrusted)
            let after = await streamError { () async throws(StreamError) in
                try await stream.read(atMost: 1, deadline: soon)
            }
            #expect(after == .closed)
        }
    }

    @Test(arguments: [StreamSide.client, .server])
    func `a handshake that stalls ends at its deadline`(_ side: StreamSide) async throws {
        try await onLoop {
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            let stream = side == .server ? plain.server : plain.client
            let error = await streamError { () async throws(StreamError) in
                let deadline = Reactor.now + .milliseconds(40)
                _ = try await LinuxNetwork().secure(stream, as: side, secrets: [key], deadline: deadline)
            }
            #expect(error == .timedOut)
        }
    }

    @Test func `a caller that goes away during the handshake is an error and no more`() async throws {
        try await onLoop {
            let plain = try await LinuxNetwork().pair()
            defer { plain.close() }
            plain.client.close()
            let error = await streamError { () async throws(StreamError) in
                try await LinuxNetwork().secure(plain.server, as: .server, secrets: [key], deadline: soon)
            }
            #expect(error == .closed || error == .reset)
        }
    }

    @Test func `a stream that was cut off is not taken for one that ended`() async throws {
        try await onLoop {
            let plain = try await LinuxNetwork().pair()
            let pair = try await SecuredPair.make(plain, client: [key], server: [key]).get()
            defer { pair.close() }
            try await pair.server.write([1, 2, 3], deadline: soon)
            plain.server.close()
            #expect(try await pair.client.read(exactly: 3, deadline: soon) == [1, 2, 3])
            let error = await streamError { () async throws(StreamError) in
                try await pair.client.read(atMost: 1, deadline: soon)
            }
            #expect(error == .closed)
        }
    }

    @Test func `closing wakes a waiting reader and tells the other end`() async throws {
        try await onLoop {
            let pair = try await SecuredPair.make(client: [key], server: [key]).get()
            defer { pair.close() }
            let errors = Mailbox<StreamError?>()
            Loop.spawn("reader") {
                errors.put(
                    await streamError { () async throws(StreamError) in
                        try await pair.client.read(atMost: 1, deadline: .distantFuture)
                    })
            }
            await turns()
            pair.client.close()
            #expect(try await errors.take() == .closed)
            #expect(try await pair.server.read(atMost: 1, deadline: soon).isEmpty)
        }
    }
}

extension StreamError? {
    fileprivate var isUntrusted: Bool {
        if case .untrusted = self { true } else { false }
    }
}

/// Two TLS ends in one process.
private struct SecuredPair: Sendable {
    let client: any ByteStream
    let server: any ByteStream
    let plain: StreamPair

    @Loop func close() {
        client.close()
        server.close()
        plain.close()
    }

    @Loop static func make(
        _ plain: StreamPair? = nil, client: [PeerSecret], server: [PeerSecret]
    ) async throws -> Result<SecuredPair, StreamError> {
        let network = LinuxNetwork()
        var pair = plain
        if pair == nil { pair = try await network.pair() }
        let plain = try #require(pair)
        let accepted = Mailbox<Result<any ByteStream, StreamError>>()
        Loop.spawn("server") {
            accepted.put(await end(network, plain.server, .server, server))
        }
        let asked = await end(network, plain.client, .client, client)
        let answered = try await accepted.take()
        do throws(StreamError) {
            return .success(SecuredPair(client: try asked.get(), server: try answered.get(), plain: plain))
        } catch {
            return .failure(error)
        }
    }

    @Loop static func errors(
        client: [PeerSecret], server: [PeerSecret]
    ) async throws -> (client: StreamError?, server: StreamError?) {
        let network = LinuxNetwork()
        let plain = try await network.pair()
        defer { plain.close() }
        let accepted = Mailbox<Result<any ByteStream, StreamError>>()
        Loop.spawn("server") { accepted.put(await end(network, plain.server, .server, server)) }
        let asked = await end(network, plain.client, .client, client)
        return (asked.error, try await accepted.take().error)
    }

    @Loop private static func end(
        _ network: LinuxNetwork, _ stream: any ByteStream, _ side: StreamSide, _ secrets: [PeerSecret]
    ) async -> Result<any ByteStream, StreamError> {
        do throws(StreamError) {
            return .success(try await network.secure(stream, as: side, secrets: secrets, deadline: soon))
        } catch {
            return .failure(error)
        }
    }
}

extension Result where Failure == StreamError {
    fileprivate var error: StreamError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

/// A certificate that anybody could make for himself, and its private key.
private enum RogueCertificate {
    @Loop static func install(in context: TLSContext) throws {
        // Safe because OpenSSL counts its references; these objects are given back below.
        guard let keyFile = unsafe BIO_new_mem_buf(privateKey, Int32(privateKey.utf8.count)),
            let certificateFile = unsafe BIO_new_mem_buf(certificate, Int32(certificate.utf8.count)),
            let key = unsafe PEM_read_bio_PrivateKey(keyFile, nil, nil, nil),
            let own = unsafe PEM_read_bio_X509(certificateFile, nil, nil, nil)
        else { throw StreamError.untrusted(TLSError.takeReason()) }
        let isSet = unsafe SSL_CTX_use_certificate(context.pointer, own) == 1
        let isSigning = unsafe SSL_CTX_use_PrivateKey(context.pointer, key) == 1
        #expect(isSet && isSigning)
        unsafe BIO_free(keyFile)
        unsafe BIO_free(certificateFile)
        unsafe EVP_PKEY_free(key)
        unsafe X509_free(own)
    }

    private static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg41t8mPhjuf9mrxIb
        t78DZ2HtsB+bEprvYJ56Uuo2P7ChRANCAASRC4icYjwKwjBEWr/mqBJr6gxnhdht
        q/gO/zMsnE/ELnA+9TFJovIjAOGEs++EOB8Uc41+DaqryK7xfGQMyMEw
        -----END PRIVATE KEY-----
        """

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBeDCCAR2gAwIBAgIUId1IZpy4zUCI+vJNai0wsoT3a9cwCgYIKoZIzj0EAwIw
        EDEOMAwGA1UEAwwFcm9ndWUwIBcNMjYxMTIxMDQwOTEwWhgPMjEyNjEwMjgwNDA5
        MTBaMBAxDjAMBgNVBAMMBXJvZ3VlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        kQuInGI8CsIwRFq/5qgSa+oMZ4XYbav4Dv8zLJxPxC5wPvUxSaLyIwDhhLPvhDgf
        FHONfg2qq8iu8XxkDMjBMKNTMFEwHQYDVR0OBBYEFLRvF3MDdQIML0gV3Z+ezlrc
        yMOmMB8GA1UdIwQYMBaAFLRvF3MDdQIML0gV3Z+ezlrcyMOmMA8GA1UdEwEB/wQF
        MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAO8xKqpCwFUg1119h59pYPiZLGwbjKsR
        AVuqUvkk2wmpAiEA8r+QEhRaxINAgSrARzCXXZoIIC4Q96uyqxvfNk2sCTo=
        -----END CERTIFICATE-----
        """
}
