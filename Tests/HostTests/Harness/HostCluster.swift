import Chaos
import Foundation
import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// Makes hosts with registries and servers on them, runs `body`, and removes all of it whatever came of it.
/// - Parameters:
///   - faults: of every process' transport, `delay-ms = 40` and the like.
///   - environment: further settings of every server.
func withHostCluster(
    servers: Int = 5, registries: Int = 2, faults: String? = nil, environment: [String: String] = [:],
    _ body: @escaping @Loop @Sendable (ChaosCluster, Testbed) async throws -> Void
) async throws {
    let folder = try TemporaryFolder()
    try await withTestbed(hosts: servers + registries) { bed in
        let program = ProcessInfo.processInfo.environment["RONDO_UNDER_TEST"] ?? buildFolder + "/rondo"
        let setting = ClusterSetting(
            program: program, folder: folder.path, registries: registries, servers: servers)
        let cluster = try ChaosCluster(setting, at: .hosts(bed))
        for server in cluster.servers { server.environment.merge(environment) { $1 } }
        if let faults {
            let path = try folder.file("faults", Array(faults.utf8))
            for server in cluster.all { server.environment[FaultyNetwork.variable] = path }
        }
        do {
            try await cluster.start()
            try await cluster.expectOne(within: .seconds(10))
            try await body(cluster, bed)
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
    }
    folder.remove()
}

extension ChaosCluster {
    /// Waits for one ring with one roster and equal registries, of what runs.
    /// - Returns: how long that took.
    @discardableResult
    func expectOne(within limit: Duration, _ location: SourceLocation = #_sourceLocation) async throws -> Duration {
        let expected = running
        let (after, last) = await settles(within: limit) { await self.fault(among: expected) }
        if let after { return after }
        Issue.record("not one within \(limit): \(last)\(await report())", sourceLocation: location)
        throw ChaosError("not one within \(limit): \(last)")
    }

    /// Every server's incarnation as the first one sees it: one that changed was taken for dead, or started again.
    func lives() async throws -> [HostAddress: Incarnation] {
        guard let status = await statuses(of: [servers[0]])[servers[0].index] else {
            throw ChaosError("server-1 does not answer\(await report())")
        }
        return Dictionary(uniqueKeysWithValues: status.members.map { ($0.address, $0.incarnation) })
    }
}
