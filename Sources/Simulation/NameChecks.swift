package import Model
internal import Registry
internal import Ring

/// What a registry says of a role, and what the world knows of it: the names are right if there is no `fault`.
package struct NameLook: Hashable, Sendable {
    /// The addresses of a NOERROR answer.
    package var listed: [HostAddress]
    /// Addresses of servers that have been dead for longer than any name may live.
    package var longDead: Set<HostAddress>
    /// Addresses of live servers of the role that have reached the registry for long enough.
    package var known: Set<HostAddress>

    package init(listed: [HostAddress], longDead: Set<HostAddress>, known: Set<HostAddress>) {
        self.listed = listed
        self.longDead = longDead
        self.known = known
    }

    package var fault: (rule: Rule, detail: String)? {
        if listed.isEmpty, !known.isEmpty { return (.emptyRole, "nobody listed, though \(known.sorted()) live") }
        let dead = listed.filter(longDead.contains)
        // Stale names are right only where there is nobody else (RFC 8767).
        if !dead.isEmpty, dead.count < listed.count || !known.isEmpty {
            return (.deadName, "\(dead) listed, of \(listed)")
        }
        return nil
    }
}

/// What the checker of names remembers from one look to the next.
struct NameMemory: Sendable {
    /// Between two looks.
    static let interval: Duration = .milliseconds(100)
    /// A lease, the registry's own question, and the longest that a last renewal may be under way.
    static let deadLimit: Duration = .seconds(13.7)
    /// A renewal that was lost, its deadline, and the next ones.
    static let knownLimit: Duration = .seconds(6)

    var isOn = false
    var nextLook = MonotonicTime.zero
    /// Since when each server has lived with this role and reached each registry.
    var since: [Key: MonotonicTime] = [:]
    var answers: [Int: (serial: UInt32, run: Int, listed: [Role: [HostAddress]])] = [:]
    /// What has been reported already.
    var reported: Set<Report> = []

    struct Key: Hashable {
        let server: Int
        let life: ServerLife?
        let registry: Int
        let role: Role
    }

    struct Report: Hashable {
        let registry: Int
        let role: Role
        let rule: Rule
    }
}

extension RingWorld {
    /// From now on every name is watched.
    package mutating func watchNames() {
        names.isOn = true
        names.nextLook = now
    }

    mutating func lookAtNames() {
        names.nextLook = now + NameMemory.interval
        for registry in registries.indices {
            noteReach(of: registry)
            guard registries[registry].isUp else { continue }
            for role in Role.allCases { look(at: role, of: registry) }
        }
    }

    private mutating func noteReach(of registry: Int) {
        for server in servers.indices {
            let life = servers[server].life
            let isThere =
                registries[registry].isUp && servers[server].process == .up && servers[server].lateness == nil
                && servers[server].ring?.hasJoined == true
                && network.isGood(server, SimulatedRegistry.host(registry)) && !isHeldDead(life)
            for role in Role.allCases {
                let key = NameMemory.Key(server: server, life: life, registry: registry, role: role)
                if !isThere || servers[server].ring?.own.role != role {
                    names.since[key] = nil
                } else if names.since[key] == nil {
                    names.since[key] = now
                }
            }
        }
    }

    /// Whether a part of the ring has agreed on this life's end, which its registries then follow.
    private func isHeldDead(_ life: ServerLife?) -> Bool {
        guard let life else { return false }
        return servers.contains { server in
            server.ring?.roster[life.id].map { $0.incarnation == life.incarnation && !$0.isPresent } ?? false
        }
    }

    private mutating func look(at role: Role, of registry: Int) {
        guard let listed = cachedNames(of: role, by: registry) else { return }
        let alive = Set(servers.filter { $0.process != .down }.map(\.endpoint.host))
        let upSince = registries[registry].upSince
        let longDead = servers.filter {
            $0.process == .down && now - max($0.endTime, upSince) > NameMemory.deadLimit
                && !alive.contains($0.endpoint.host)
        }
        let known = servers.filter { server in
            let key = NameMemory.Key(server: server.index, life: server.life, registry: registry, role: role)
            return names.since[key].map { now - $0 > NameMemory.knownLimit } ?? false
        }
        let look = NameLook(
            listed: listed, longDead: Set(longDead.map(\.endpoint.host)), known: Set(known.map(\.endpoint.host)))
        guard let fault = look.fault,
            names.reported.insert(NameMemory.Report(registry: registry, role: role, rule: fault.rule)).inserted
        else { return }
        violate(fault.rule, "registry \(registry), \(role.name): \(fault.detail)")
    }

    /// A registry's answers change only with its serial.
    private mutating func cachedNames(of role: Role, by registry: Int) -> [HostAddress]? {
        guard let serial = registries[registry].machine?.serial else { return nil }
        if let known = names.answers[registry], known.serial == serial, known.run == registries[registry].run {
            return known.listed[role]
        }
        var listed: [Role: [HostAddress]] = [:]
        for role in Role.allCases { listed[role] = self.listed(role, by: registry) }
        names.answers[registry] = (serial, registries[registry].run, listed)
        return listed[role]
    }
}
