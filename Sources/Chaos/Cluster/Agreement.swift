internal import Client
package import Model
internal import Linux
internal import Platform
internal import Registry
internal import Resolver

/// Whether what is left of a cluster is one: one ring, one roster, equal registries.
extension ChaosCluster {
    /// Why the servers given are not one ring with one roster; nil when they are.
    ///
    /// One roster: each says the same of every server's id, incarnation, state, role and address, and those alive are
    /// exactly these servers. One ring: each links to the two that follow it in the order of the ids. The counts of the
    /// roles are what so many servers should have, within one.
    package func ringFault(among expected: [ChaosServer]) async -> String? {
        let told = await statuses(of: expected)
        var first: (name: String, members: [String])?
        for server in expected {
            guard let status = told[server.index] else { return "\(server.name) does not answer" }
            let live = status.members.filter { $0.state == "alive" }
            let missing = Set(expected.map(\.address)).symmetricDifference(live.map(\.address)).sorted()
            if !missing.isEmpty { return "\(server.name) is wrong about \(missing.map(\.description))" }
            if let fault = Self.linkFault(live) { return "\(server.name): \(fault)" }
            let members = status.members.map { "\($0.id.short) \($0.incarnation) \($0.state) \($0.role) \($0.address)" }
            if let first, first.members != members {
                let difference = Set(first.members).symmetricDifference(members).sorted()
                return "\(first.name) and \(server.name) differ in \(difference)"
            }
            if first == nil { first = (server.name, members) }
            let target = RoleCounts.target(servers: expected.count)
            if abs(status.counts.data - target.data) > 1 || status.counts.total != target.total {
                return "the roles are \(status.counts.data) Data and \(status.counts.router) Router"
            }
        }
        return nil
    }

    private static func linkFault(_ live: [ClusterStatus.Member]) -> String? {
        let ids = live.map(\.id).sorted()
        for member in live {
            guard let place = ids.firstIndex(of: member.id) else { continue }
            let after = (1..<max(1, min(3, ids.count))).map { ids[(place + $0) % ids.count] }
            let before = ids.count > 1 ? ids[(place + ids.count - 1) % ids.count] : nil
            if member.successors != after || member.predecessor != before {
                return "the links of \(member.address) are not those of its place"
            }
        }
        return nil
    }

    /// Why the running registries do not all name exactly `expected`, each in the role that it has; nil when they do.
    package func registryFault(expected: [ChaosServer]) async -> String? {
        let told = await statuses(of: expected)
        var roles: [Role: Set<HostAddress>] = [:]
        for server in expected {
            guard let status = told[server.index], let own = status.members.first(where: { $0.id == status.`self` })
            else { return "\(server.name) does not answer" }
            roles[own.role, default: []].insert(server.address)
        }
        for registry in registries where registry.isRunning && !registry.isPaused {
            for role in Role.allCases {
                let named = await names(role.rawValue, at: registry)
                if named != roles[role, default: []] {
                    return "\(registry.name) says of \(role): \(named.sorted().map(\.description))"
                }
            }
        }
        return nil
    }

    /// The addresses that one registry gives for a name right under the zone; empty where it gives none.
    package func names(_ label: String, at registry: ChaosServer) async -> Set<HostAddress> {
        guard let zone = Zone("rondo"), let name = zone.apex.under(label) else { return [] }
        let resolver = Resolver(registries: [registry.dns], zone: zone, clock: clock, network: world.network)
        let answer = try? await resolver.lookUp(name, .a, deadline: clock.now + .milliseconds(300))
        return Set(answer?.addresses ?? [])
    }

    /// Waits until `fault` finds nothing.
    /// - Returns: how long it took; nil when it did not come to that, with what was wrong last.
    package func settles(
        within limit: Duration, _ fault: @Loop () async -> String?
    ) async -> (after: Duration?, last: String) {
        let start = clock.now
        while true {
            let text = await fault()
            guard let text else { return (clock.now - start, "") }
            if clock.now - start > limit { return (nil, text) }
            await clock.sleep(for: .milliseconds(10))
        }
    }

    /// One ring with one roster, and equal registries.
    package func fault(among expected: [ChaosServer]) async -> String? {
        if let fault = await ringFault(among: expected) { return fault }
        return await registryFault(expected: expected)
    }
}

/// Whether a server is still there for the others.
extension ChaosCluster {
    /// Who still has a server that is gone, in a roster as alive or suspect, or in a registry; nil when nobody has.
    package func presence(of gone: ChaosServer, among others: [ChaosServer]) async -> String? {
        let told = await statuses(of: others)
        for server in others {
            guard let status = told[server.index] else { return "\(server.name) does not answer" }
            if let member = status.members.first(where: { $0.address == gone.address }), member.state != "dead",
                member.state != "left"
            {
                return "\(server.name) has it as \(member.state)"
            }
        }
        for registry in registries where registry.isRunning && !registry.isPaused {
            if await names("server", at: registry).contains(gone.address) { return "\(registry.name) names it" }
        }
        return nil
    }
}
