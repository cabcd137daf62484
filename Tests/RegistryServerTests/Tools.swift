import Crypto
import Foundation
import Model
import Platform
import Registry
import RegistryServer
import Resolver
import Testing

@testable import Linux

/// A registry on a free port of the loopback, with servers that live as long as `alive` says.
@Loop
final class Office {
    let server: RegistryServer
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let metrics = Metrics()
    let zone: Zone
    let alive: Alive
    let key = ClusterKey()

    /// Who answers checks.
    @Loop
    final class Alive {
        var lives: Set<ServerLife> = []
        var asked = 0
        nonisolated init() {}
    }

    /// - Parameter olderKeys: keys that are accepted besides `key`.
    init(alive: Alive = Alive(), olderKeys: [ClusterKey] = []) throws {
        self.alive = alive
        zone = try #require(Zone("rondo"))
        let identity = RegistryIdentity(
            life: ServerLife(id: ServerID(0xFFFF), incarnation: Incarnation(1)), address: .loopback, peerPort: 7700,
            dnsPort: 0, httpPort: 8080)
        server = try RegistryServer(
            identity: identity, zone: zone, keys: [key] + olderKeys, clock: clock, network: network, log: .none,
            metrics: metrics, seed: 1
        ) { life, _, _ in
            alive.asked += 1
            return alive.lives.contains(life) ? .answered(life) : .failed
        }
    }

    var dns: Endpoint { server.snapshot.dns }

    static func life(_ number: Int) -> ServerLife {
        ServerLife(id: ServerID(UInt128(number)), incarnation: Incarnation(1))
    }

    /// Leases `data` Data servers and then `router` Routers, all ready.
    func lease(data: Int, router: Int) {
        for number in 1...data + router {
            let request = LeaseRequest(
                life: Self.life(number), held: number <= data ? .data : .router,
                address: HostAddress(HostAddress(10, 0, 0, 0).value + UInt32(number)), peerPort: 7700, httpPort: 8080,
                state: .ready, ringSize: data + router)
            #expect(server.lease(request, from: .loopback).outcome == .granted)
            alive.lives.insert(request.life)
        }
    }

    func resolver(_ registries: [Endpoint]? = nil) -> Resolver {
        Resolver(registries: registries ?? [dns], zone: zone, clock: clock, network: network)
    }
}

/// The real thing, of Debian's `bind9-dnsutils`.
struct Dig: Sendable {
    let status: Int32
    let text: String

    private static let pool = BlockingPool(name: "dig", threads: 4)

    static func ask(_ server: Endpoint, _ arguments: [String]) async throws -> Dig {
        let result = await pool.run { Result { try run(server, arguments) } }
        return try result.get()
    }

    private static func run(_ server: Endpoint, _ arguments: [String]) throws -> Dig {
        let path = "/usr/bin/dig"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            Issue.record("dig is missing: sudo apt-get install bind9-dnsutils")
            return Dig(status: 127, text: "")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["@\(server.host)", "-p", "\(server.port)", "+norec", "+tries=1", "+time=15"] + arguments
        process.environment = ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Dig(status: process.terminationStatus, text: String(decoding: bytes, as: UTF8.self))
    }

    /// Whether dig read the answer without complaint.
    var isClean: Bool {
        status == 0 && !text.lowercased().contains("warning") && !text.contains("bad packet")
            && !text.contains("malformed") && !text.contains("extra bytes")
    }

    /// The words of the lines in the answer section that are of `type`.
    func records(_ type: String) -> [[String]] {
        text.split(separator: "\n").filter { !$0.hasPrefix(";") }
            .map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
            .filter { $0.count > 4 && $0[3] == type }
    }
}
