import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct UDPTests {
    @Test func `datagrams arrive whole with their sender's address`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let arrived = Mailbox<([UInt8], Endpoint)>()
            let one = try network.openDatagrams(on: Endpoint(.loopback, 0)) { arrived.put(($0, $1)) }
            let two = try network.openDatagrams(on: Endpoint(HostAddress(127, 0, 0, 2), 0)) { _, _ in }
            defer {
                one.close()
                two.close()
            }
            for size in [1, 64, 1_400, 4_096] {
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
                two.send(bytes, to: one.local)
                let (received, sender) = try await arrived.take()
                #expect(received == bytes)
                #expect(sender == two.local)
            }
        }
    }

    @Test func `a burst of datagrams arrives in order`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let arrived = Mailbox<[UInt8]>()
            let one = try network.openDatagrams(on: Endpoint(.loopback, 0)) { bytes, _ in arrived.put(bytes) }
            defer { one.close() }
            for number in 0..<150 { one.send([UInt8(number)], to: one.local) }
            for number in 0..<150 { #expect(try await arrived.take() == [UInt8(number)]) }
        }
    }

    @Test func `a datagram that is too long is dropped and the next one arrives`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let arrived = Mailbox<[UInt8]>()
            let one = try network.openDatagrams(on: Endpoint(.loopback, 0)) { bytes, _ in arrived.put(bytes) }
            defer { one.close() }
            one.send([UInt8](repeating: 1, count: 5_000), to: one.local)
            one.send([2], to: one.local)
            #expect(try await arrived.take() == [2])
        }
    }

    @Test func `sending to nobody, and after closing, does nothing`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let arrived = Mailbox<[UInt8]>()
            let gone = try network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            let one = try network.openDatagrams(on: Endpoint(.loopback, 0)) { bytes, _ in arrived.put(bytes) }
            let nobody = gone.local
            gone.close()
            gone.close()
            gone.send([1], to: one.local)
            one.send([3], to: nobody)
            one.send([4], to: one.local)
            #expect(try await arrived.take() == [4])
            one.close()
        }
    }

    @Test func `a broadcast on loopback reaches every socket that shares the port`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let arrived = Mailbox<Int>()
            let asker = try network.openDatagrams(on: Endpoint(HostAddress(127, 0, 0, 3), 0)) { _, _ in }
            // A free port that all three then share.
            let probe = try network.openDatagrams(on: Endpoint(.any, 0)) { _, _ in }
            let port = probe.local.port
            probe.close()
            let listeners = try (0..<3).map { number in
                try network.openDatagrams(on: Endpoint(.any, port)) { _, _ in arrived.put(number) }
            }
            asker.send([1], to: Endpoint(HostAddress(127, 255, 255, 255), port))
            var heard: Set<Int> = []
            for _ in 0..<3 { heard.insert(try await arrived.take()) }
            #expect(heard == [0, 1, 2])
            for listener in listeners { listener.close() }
            asker.close()
        }
    }

    @Test func `the address of the way to a host is one's own`() async throws {
        try await onLoop {
            #expect(LinuxNetwork().sourceAddress(toward: HostAddress(127, 0, 1, 1)) == .loopback)
        }
    }

    @Test func `an address in use is an error with its number`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let one = try network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            defer { one.close() }
            let error = await streamError { () async throws(StreamError) in
                try network.openDatagrams(on: one.local) { _, _ in }.close()
            }
            #expect(error == .failed(EADDRINUSE))
        }
    }
}
