import Client
import Crypto
import Foundation
import Linux
import Model
import Platform
import Synchronization
import TestTools

/// A real cluster of real processes, each on its own loopback address of a block that no other test has.
@Loop
final class RealCluster {
    let prober = Prober()
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    /// The first knows only itself, the others the first.
    let registries: [RealServer]
    var registry: RealServer { registries[0] }
    private(set) var servers: [RealServer] = []
    private let block: UInt32
    private let extra: [String]

    nonisolated private static let blocks = Atomic<UInt32>(0)

    /// - Parameter types: of the servers, `auto`, `data` or `router`.
    init(_ types: [String], registries count: Int = 1, extra: [String] = []) throws {
        let address = Self.freshBlock()
        block = address.value - 1
        self.extra = extra
        temporary = try TemporaryFolder()
        let folder = temporary.path
        try (ClusterKey().text + "\n").write(toFile: folder + "/key", atomically: true, encoding: .utf8)
        let prober = prober
        registries = (0..<count).map { number in
            let own = HostAddress(address.value + (number == 0 ? 0 : 200 + UInt32(number)))
            return RealServer(
                name: number == 0 ? "registry" : "registry-\(number + 1)", type: "registry", address: own,
                registries: address.description, folder: folder, prober: prober)
        }
        for type in types { _ = add(type) }
    }

    /// The first address of a block of 254 that no other test has: 127.16.0.1 to 127.239.255.1, by process and test,
    /// far from `rondo up` at 127.0.1.1.
    nonisolated static func freshBlock() -> HostAddress {
        let process = UInt32(bitPattern: ProcessInfo.processInfo.processIdentifier)
        let number = blocks.add(1, ordering: .relaxed).newValue
        return HostAddress(127 << 24 | (16 + process % 224) << 16 | (number % 255) << 8 | 1)
    }

    /// One more server, not yet started.
    func add(_ type: String = "auto", registries named: String? = nil) -> RealServer {
        let number = UInt32(servers.count + 1)
        let server = RealServer(
            name: "server-\(number)", type: type, address: HostAddress(block + 1 + number),
            registries: named ?? registries.map(\.address.description).joined(separator: ","), folder: folder,
            extra: extra, prober: prober)
        servers.append(server)
        return server
    }

    /// Starts everything at the same instant and waits until all of it is ready.
    func start(within limit: Duration = .seconds(15)) async throws {
        for server in registries + servers { try server.start() }
        try await ready(within: limit)
    }

    func ready(within limit: Duration = .seconds(15)) async throws {
        for server in registries + servers where server.isRunning {
            try await eventually(within: limit, "\(server.name) is ready", state: { server.logTail }) {
                if !server.isRunning {
                    let exit = server.process?.exit.map { "\($0)" } ?? ""
                    throw NotInTime(description: "\(server.name) ended, \(exit):\(server.logTail)")
                }
                return await server.isReady()
            }
        }
    }

    /// Kills what runs and removes its files.
    func stop() async {
        for server in servers + registries { server.send(.kill) }
        for server in servers + registries { await server.kill() }
        temporary.remove()
    }

    var running: [RealServer] { servers.filter(\.isRunning) }

    /// The running servers of a role, by what they say themselves.
    func running(_ role: Role) async -> [RealServer] {
        var found: [RealServer] = []
        for server in running {
            guard let status = await server.status() else { continue }
            if status.members.first(where: { $0.id == status.`self` })?.role == role { found.append(server) }
        }
        return found
    }

    /// The roles by what every running server says; nil while two of them differ or one does not answer.
    func agreedCounts() async -> RoleCounts? {
        var agreed: RoleCounts?
        for server in running {
            guard let status = await server.status(),
                status.members.filter({ $0.state == "alive" }).count == running.count
            else { return nil }
            if let agreed, agreed != status.counts { return nil }
            agreed = status.counts
        }
        return agreed
    }

    /// What all servers say, for a test that failed.
    func report() async -> String {
        var text = ""
        for server in servers {
            let status = await server.status()
            let members = status?.members.map { "\($0.address) \($0.role.rawValue) \($0.state)" } ?? ["no answer"]
            text += "\n  \(server.name) (\(server.address)): \(members.joined(separator: ", "))\(server.logTail)"
        }
        return text
    }
}

/// Makes a cluster, runs `body`, and stops the cluster whatever came of it.
func withCluster(
    _ types: [String], registries: Int = 1, extra: [String] = [],
    _ body: @escaping @Loop @Sendable (RealCluster) async throws -> Void
) async throws {
    try await onLoop {
        let cluster = try RealCluster(types, registries: registries, extra: extra)
        do {
            try await cluster.start()
            try await body(cluster)
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
    }
}

/// Five servers that choose their roles.
let five = [String](repeating: "auto", count: 5)
