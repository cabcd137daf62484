import Chaos
import Linux
import Model
import Platform
import Testbed
import Testing

/// Songs that a cluster has acknowledged, and the proof that it has them.
///
/// A song that was refused may still be there: what a server says after an error is the one thing that is not checked.
@Loop
struct HostMusic {
    let calls: SongCalls
    private let cluster: ChaosCluster
    private(set) var acknowledged: [SongID: SyntheticSong] = [:]

    init(_ cluster: ChaosCluster) {
        self.cluster = cluster
        calls = SongCalls(world: cluster.world)
    }

    /// Gives song `number` to a Router among `servers`, which has to take it.
    mutating func upload(
        _ number: UInt64, to servers: [ChaosServer], _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await offer(number, to: servers)
        guard case .acknowledged(_, let replicas) = answer, replicas >= 2 else {
            Issue.record("song \(number): \(answer)\(await cluster.report())", sourceLocation: location)
            throw ChaosError("song \(number) was not taken")
        }
    }

    /// The same for a Router that may refuse.
    @discardableResult
    mutating func offer(_ number: UInt64, to servers: [ChaosServer]) async throws -> UploadOutcome {
        let song = SyntheticSong(number: number, seconds: 2)
        guard let router = await cluster.running(.router).first(where: { router in servers.contains { $0 === router } })
        else { throw ChaosError("there is no Router among \(servers.map(\.name))\(await cluster.report())") }
        let answer = await calls.upload(song, to: router.http)
        if case .acknowledged(let id, _) = answer { acknowledged[id] = song }
        return answer
    }

    /// Every server has exactly what was acknowledged in its catalogue, and every Router gives it bit for bit.
    func expectEverywhere(
        within limit: Duration, _ bed: Testbed, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let (after, last) = await cluster.settles(within: limit) { await fault(bed) }
        if after != nil { return }
        Issue.record("\(last)\(await cluster.report())", sourceLocation: location)
    }

    private func fault(_ bed: Testbed) async -> String? {
        if let fault = await digFault(bed) { return fault }
        for (index, status) in await cluster.statuses(of: cluster.running) where status.songs < acknowledged.count {
            return "\(cluster.all[index].name) has \(status.songs) songs and not \(acknowledged.count)"
        }
        for router in await cluster.running(.router) {
            guard let listed = await calls.songs(at: router.http) else { return "\(router.name) lists nothing" }
            if !listed.isSuperset(of: acknowledged.keys) { return "\(router.name) lists \(listed.count) songs only" }
            for (id, song) in acknowledged.sorted(by: { $0.value.number < $1.value.number }) {
                if let fault = await calls.fault(of: song, id, at: router.http) {
                    return "\(router.name), song \(song.number): \(fault)"
                }
            }
        }
        return nil
    }

    /// Why `dig` does not get the same from every registry, asked from a server's host; nil when it does.
    private func digFault(_ bed: Testbed) async -> String? {
        for name in ["server.rondo", "registry.rondo", "data.rondo", "router.rondo"] {
            var answers: Set<[String]> = []
            for registry in cluster.registries {
                let question = ["+norec", "+short", "+time=1", "@\(registry.address)", "-p", "5300", name, "A"]
                let text = (try? await bed.host(cluster.servers[0].index + 2).run("dig", question).text) ?? ""
                answers.insert(text.split(separator: "\n").map(String.init).sorted())
            }
            if answers.count != 1 || answers.contains([]) { return "the registries say of \(name): \(answers)" }
        }
        return nil
    }
}

extension Testbed {
    /// Splits a cluster's servers; the first registry stays with the first side, and each next one with the next.
    func split(_ cluster: ChaosCluster, _ sides: [[ChaosServer]]) async throws {
        let groups = sides.enumerated().map { number, side in
            side.map { $0.index + 2 }
                + cluster.registries.enumerated().filter { $0.offset % sides.count == number }.map {
                    $0.element.index + 2
                }
        }
        try await wire { $0.groups = groups }
    }
}

extension ChaosCluster {
    /// Waits until one side of a split is a ring of its own.
    func expectRing(
        of side: [ChaosServer], within limit: Duration, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let (after, last) = await settles(within: limit) { await self.ringFault(among: side) }
        if after != nil { return }
        Issue.record("no ring of \(side.map(\.name)): \(last)\(await report())", sourceLocation: location)
        throw ChaosError("no ring of one side")
    }

    /// Waits until the roles that some servers say they have are as `hold` wants them.
    func expectRoles(
        among servers: [ChaosServer], within limit: Duration, _ location: SourceLocation = #_sourceLocation,
        _ hold: @escaping @Loop (RoleCounts) -> Bool
    ) async throws {
        let (after, last) = await settles(within: limit) {
            var counts = RoleCounts()
            for role in [Role.data, .router] {
                counts[role] = await self.running(role).count { one in servers.contains { $0 === one } }
            }
            return hold(counts) ? nil : "the roles are \(counts)"
        }
        if after != nil { return }
        Issue.record("\(last)\(await report())", sourceLocation: location)
        throw ChaosError("the roles are not right")
    }

    /// Waits until nobody has a server any more: no roster and no registry.
    func expectGone(
        _ server: ChaosServer, within limit: Duration, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let others = running.filter { $0 !== server }
        let (after, last) = await settles(within: limit) { await self.presence(of: server, among: others) }
        if after != nil { return }
        Issue.record("\(server.name) is not gone: \(last)\(await report())", sourceLocation: location)
        throw ChaosError("\(server.name) is not gone")
    }
}
