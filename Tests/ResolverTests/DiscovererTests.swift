import Crypto
import Discovery
import Linux
import Model
import Platform
import Testing
import TestTools

@testable import Resolver

/// A process with its part in discovery, on a loopback address of its own.
@Loop
private final class Place {
    let discoverer: Discoverer
    let metrics = Metrics()
    private(set) var answers: [DiscoveryAnswer] = []

    init(
        _ number: UInt8, keys: [ClusterKey], port: UInt16, asker: DiscoveryAsker = .server, listens: Bool = true
    ) {
        let host = HostAddress(127, 3, 3, number)
        discoverer = Discoverer(
            asker: asker, keys: keys, host: asker == .client ? .any : host, port: port, clock: LinuxClock(),
            network: LinuxNetwork(), log: .none, metrics: metrics)
        let own = DiscoveredServer(role: .router, peer: Endpoint(host, 7700), httpPort: 8080)
        discoverer.knowledge = { .init(servers: [own], registries: [], digest: UInt64(number)) }
        discoverer.found = { [weak self] in self?.answers.append($0) }
        if listens { discoverer.listen() }
    }

    var hosts: Set<UInt32> { Set(answers.flatMap(\.servers).map { $0.peer.host.value & 255 }) }

    func count(_ kind: String) -> Double {
        metrics.value("rondo_discovery_packets_total", labels: "kind=\"\(kind)\"")
    }
}

/// A port that nobody has now, for all of a test to share.
@Loop
private func freePort() throws -> UInt16 {
    let socket = try LinuxNetwork().openDatagrams(on: Endpoint(.any, 0)) { _, _ in }
    defer { socket.close() }
    return socket.local.port
}

@Suite(.timeLimit(.minutes(1))) struct DiscovererTests {
    @Test func `servers and a client with the key find all others; one with another key finds and hears nothing`()
        async throws
    {
        try await onLoop {
            let (key, port) = (ClusterKey(), try freePort())
            let servers = (1...3).map { Place($0, keys: [key], port: port) }
            let client = Place(0, keys: [key], port: port, asker: .client, listens: false)
            let stranger = Place(9, keys: [ClusterKey()], port: port)
            let all = servers + [client, stranger]
            for place in all { place.discoverer.start(hasRegistries: false) }
            #expect(await becomes { servers[0].hosts == [2, 3] && servers[1].hosts == [1, 3] })
            #expect(await becomes { servers[2].hosts == [1, 2] && client.hosts == [1, 2, 3] })
            // It has heard their questions by then, and they its own.
            #expect(await becomes { stranger.count("foreign") > 0 && servers[0].count("foreign") > 0 })
            #expect(stranger.answers.isEmpty && stranger.count("answered") == 0)
            for place in all { place.discoverer.stop() }
        }
    }

    @Test func `while a key is changed those with either find each other`() async throws {
        try await onLoop {
            let (old, new, port) = (ClusterKey(), ClusterKey(), try freePort())
            let places = [
                Place(1, keys: [old], port: port), Place(2, keys: [old, new], port: port),
                Place(3, keys: [new, old], port: port), Place(4, keys: [new], port: port),
            ]
            for place in places { place.discoverer.start(hasRegistries: false) }
            #expect(await becomes { places[0].hosts == [2, 3] && places[3].hosts == [2, 3] })
            #expect(await becomes { places[1].hosts == [1, 3, 4] && places[2].hosts == [1, 2, 4] })
            for place in places { place.discoverer.stop() }
        }
    }

    @Test func `forged, foreign and replayed packets are ignored, and cost one small answer at most`() async throws {
        try await onLoop {
            let (key, port) = (ClusterKey(), try freePort())
            let server = Place(1, keys: [key], port: port)
            var heard: [[UInt8]] = []
            let thief = try LinuxNetwork().openDatagrams(on: Endpoint(HostAddress(127, 3, 3, 99), 0)) { packet, _ in
                heard.append(packet)
            }
            let target = Endpoint(HostAddress(127, 255, 255, 255), port)
            let seal = DiscoverySeal(keys: [key.discoveryKey])
            let question = DiscoveryQuestion(asker: .server, nonce: QuestionNonce(high: 1, low: 2), digest: 0)
            let recorded = seal.seal(question, key: 0, salt: SystemRandom.bytes(16))
            for _ in 0..<20 { thief.send(recorded, to: target) }
            #expect(await becomes { server.count("repeated") == 19 })
            #expect(server.count("answered") == 1)
            #expect(await becomes { heard.count == 1 })
            #expect(heard.first?.count == recorded.count)
            // The answer played back as a question, a question of nobody, noise of every length.
            for packet in heard + [Array(repeating: 7, count: 512), [], [0], Array(repeating: 0, count: 4_000)] {
                thief.send(packet, to: target)
            }
            #expect(await becomes { server.count("foreign") >= 4 })
            #expect(server.count("answered") == 1 && server.answers.isEmpty)
            #expect(heard.count == 1)
            thief.close()
            server.discoverer.stop()
        }
    }

    @Test func `a flood of noise leaves the loop free and is counted`() async throws {
        try await onLoop {
            let (key, port) = (ClusterKey(), try freePort())
            let (one, two) = (Place(1, keys: [key], port: port), Place(2, keys: [key], port: port))
            let flood = try LinuxNetwork().openDatagrams(on: Endpoint(HostAddress(127, 3, 3, 99), 0)) { _, _ in }
            let target = Endpoint(HostAddress(127, 255, 255, 255), port)
            for _ in 0..<30 {
                let before = one.count("foreign")
                for _ in 0..<100 { flood.send(Array(repeating: 7, count: 512), to: target) }
                #expect(await becomes { one.count("foreign") > before })
            }
            #expect(one.count("foreign") > 1_000)
            one.discoverer.start(hasRegistries: false)
            #expect(await becomes { one.hosts == [2] })
            flood.close()
            for place in [one, two] { place.discoverer.stop() }
        }
    }

    @Test func `without the right to its port a server still asks`() async throws {
        try await onLoop {
            let (key, port) = (ClusterKey(), try freePort())
            let listening = Place(1, keys: [key], port: port)
            let deaf = Place(2, keys: [key], port: port, listens: false)
            deaf.discoverer.start(hasRegistries: false)
            #expect(await becomes { deaf.hosts == [1] })
            for place in [listening, deaf] { place.discoverer.stop() }
        }
    }

    @Test func `questions go to the network of one's address, or to all`() async throws {
        try await onLoop {
            let network = LinuxNetwork()
            let loopback = HostAddress(127, 255, 255, 255)
            #expect(network.broadcastAddresses(of: HostAddress(127, 9, 8, 7)) == [loopback])
            #expect(network.broadcastAddresses(of: .any).contains(loopback))
            #expect(network.broadcastAddresses(of: HostAddress(203, 0, 113, 1)).isEmpty)
        }
    }
}
