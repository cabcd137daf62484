import Model
import Platform
import Registry
import RegistryServer
import Resolver
import Testing
import TestTools

@testable import Linux

@Suite struct PortTests {
    private static func query(_ id: UInt16, _ name: String) throws -> DNSQuery {
        DNSQuery(id: id, try #require(DomainName(name)), .a)
    }

    @Test func `one connection may ask many questions, also all at once`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            let stream = try await office.network.connect(to: office.dns, from: .any, deadline: soon)
            defer { stream.close() }
            var burst: [UInt8] = []
            for id in 0..<100 as Range<UInt16> {
                burst += try #require(DNSFrames.framed(try Self.query(id, "router.rondo").bytes))
            }
            // Cut where it hurts: in the middle of a length.
            try await stream.write(burst[..<41], deadline: soon)
            try await stream.write(burst[41...], deadline: soon)
            var frames = DNSFrames()
            for id in 0..<100 as Range<UInt16> {
                var message = frames.next()
                while message == nil {
                    frames.append(try await stream.read(atMost: 512, deadline: soon))
                    message = frames.next()
                }
                let answer = try Self.query(id, "router.rondo").answer(parsing: try #require(message))
                #expect(answer.addresses.count == 3)
            }
        }
    }

    @Test func `garbage on the port is counted and harms nobody`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            let socket = try office.network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            defer { socket.close() }
            var random = SeededGenerator(seed: 3)
            for length in [0, 1, 11, 12, 40, 512, 4000] {
                socket.send((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }, to: office.dns)
            }
            for bytes in [Array("GET / HTTP/1.1\r\n\r\n".utf8), [0, 3, 1, 2, 3], [0xFF, 0xFF, 0], [0, 0]] {
                let stream = try await office.network.connect(to: office.dns, from: .any, deadline: soon)
                try await stream.write(bytes, deadline: soon)
                stream.close()
            }
            let label = "transport=\"udp\""
            #expect(await becomes { office.metrics.value("rondo_dns_dropped_total", labels: label) >= 3 })
            let found = try await office.resolver().endpoints(of: .routers, deadline: soon)
            #expect(found.count == 3)
            let answered = "transport=\"udp\",rcode=\"NOERROR\""
            #expect(await becomes { office.metrics.value("rondo_dns_queries_total", labels: answered) == 1 })
        }
    }

    @Test func `a scrap over TCP ends its connection`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            let stream = try await office.network.connect(to: office.dns, from: .any, deadline: soon)
            defer { stream.close() }
            try await stream.write([0, 3, 1, 2, 3], deadline: soon)
            #expect(try await stream.read(atMost: 10, deadline: soon).isEmpty)
        }
    }

    @Test func `many idle connections do not keep a new one out`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            var idle: [any ByteStream] = []
            for _ in 0..<300 {
                idle.append(try await office.network.connect(to: office.dns, from: .any, deadline: soon))
            }
            defer { for stream in idle { stream.close() } }
            let stream = try await office.network.connect(to: office.dns, from: .any, deadline: soon)
            defer { stream.close() }
            let query = try Self.query(1, "data.rondo")
            try await stream.write(try #require(DNSFrames.framed(query.bytes)), deadline: soon)
            let reply = try await stream.read(atMost: 4096, deadline: soon)
            #expect(try query.answer(parsing: Array(reply.dropFirst(2))).addresses.count == 2)
            #expect(try await idle[0].read(atMost: 1, deadline: soon).isEmpty, "the one that idled longest was closed")
        }
    }

    @Test func `a port that is taken is a clear error and leaves nothing open`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            var identity = office.server.identity
            identity.dnsPort = office.dns.port
            #expect(throws: StreamError.failed(98)) {
                _ = try RegistryServer(
                    identity: identity, zone: office.zone, keys: [], clock: office.clock, network: office.network,
                    log: .none,
                    metrics: Metrics(), seed: 2
                ) { _, _, _ in .failed }
            }
        }
    }

    @Test func `a stopped registry answers nothing and gives its port back`() async throws {
        try await onLoop {
            let office = try Office()
            let endpoint = office.dns
            office.server.stop()
            let socket = try office.network.openDatagrams(on: endpoint) { _, _ in }
            let listener = try office.network.listen(on: endpoint) { $0.close() }
            socket.close()
            listener.close()
        }
    }
}
