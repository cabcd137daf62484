import Model
import Platform
import Registry
import RegistryServer
import Resolver
import Testing
import TestTools

@testable import Linux

/// Two registries with real DNS ports that hear each other.
@Loop
private final class Pair {
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let zone: Zone
    private(set) var servers: [RegistryServer] = []
    private static let ports: [UInt16] = [1, 2]

    init() throws {
        zone = try #require(Zone("rondo"))
        for port in Self.ports {
            let identity = RegistryIdentity(
                life: Office.life(0xFFF0 + Int(port)), address: .loopback, peerPort: port, dnsPort: 0, httpPort: 8080)
            servers.append(
                try RegistryServer(
                    identity: identity, zone: zone, registries: Self.ports.map { Endpoint(.loopback, $0) }, keys: [],
                    clock: clock, network: network, log: .none, metrics: Metrics(), seed: 1,
                    sending: { [weak self] in self?.carry($0, to: $1) }, check: { _, _, _ in .failed }))
        }
    }

    private func carry(_ message: RegistryMessage, to endpoint: Endpoint) {
        guard let number = Self.ports.firstIndex(of: endpoint.port), servers.indices.contains(number) else { return }
        let server = servers[number]
        Loop.spawn("test.carry") { server.received(message) }
    }

    func stop() { for server in servers { server.stop() } }
}

@Suite struct PeerTests {
    @Test func `a registry that was learnt from the named one answers when that is gone`() async throws {
        try await onLoop {
            let pair = try Pair()
            defer { pair.stop() }
            #expect(await becomes { pair.servers.allSatisfy { $0.snapshot.registries.count == 2 } })
            for number in 1...2 {
                let request = LeaseRequest(
                    life: Office.life(number), held: number == 1 ? .data : .router,
                    address: HostAddress(10, 0, 0, UInt8(number)), peerPort: 7700, httpPort: 8080, state: .ready,
                    ringSize: 2)
                #expect(pair.servers[0].lease(request, from: .loopback).registries?.count == 2)
            }
            let resolver = Resolver(
                registries: [pair.servers[0].snapshot.dns], zone: pair.zone, clock: pair.clock, network: pair.network)
            let deadline = pair.clock.now + .seconds(20)
            #expect(try await resolver.endpoints(of: .routers, deadline: deadline).count == 1)
            await resolver.learnRegistries(deadline: deadline)
            pair.servers[0].sayFarewell()
            pair.servers[0].stop()
            #expect(try await resolver.endpoints(of: .routers, deadline: deadline).count == 1)
            #expect(resolver.registries.first == pair.servers[1].snapshot.dns, "it is asked first from now on")
            #expect(await becomes { pair.servers[1].snapshot.registries.count == 1 })
        }
    }
}
