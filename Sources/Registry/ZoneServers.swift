internal import Model

/// One server as the zone shows it.
struct ZoneServer: Hashable, Sendable {
    var life: ServerLife
    var role: String
    var state: String
    var address: HostAddress
    var httpPort: UInt16
    var peerPort: UInt16
    var dnsPort: UInt16?
    var publicHTTP: String?
    var isStale: Bool

    func port(_ port: ZoneService.Port) -> UInt16 {
        switch port {
        case .http: httpPort
        case .peer: peerPort
        case .dns: dnsPort ?? 0
        }
    }

    /// The strings of its TXT record.
    var texts: [String] {
        var texts = ["role=\(role)", "incarnation=\(life.incarnation)", "state=\(state)"]
        texts += ["http=\(httpPort)", "peer=\(peerPort)"]
        if let dnsPort { texts.append("dns=\(dnsPort)") }
        if let publicHTTP { texts.append("public-http=\(publicHTTP)") }
        return texts
    }
}

extension Registry {
    /// Whether an answer about servers may be given: not while a registry that started empty misses some.
    var knowsServers: Bool { filled || consistent }

    /// The servers that a name lists.
    func servers(of set: ServerSet) -> [ZoneServer] {
        switch set {
        case .data: listed(.data).map(shown)
        case .router: listed(.router).map(shown)
        case .registry: registries
        case .server: everyone()
        }
    }

    func server(_ id: ServerID) -> ZoneServer? {
        if let registry = registries.first(where: { $0.life.id == id }) { return registry }
        guard let entry = entries[id], entry.record != nil else { return nil }
        return shown(entry)
    }

    /// This one, and the others that live.
    private var registries: [ZoneServer] {
        liveRegistries.map(shown)
    }

    private func shown(_ registry: RegistryIdentity) -> ZoneServer {
        ZoneServer(
            life: registry.life, role: "registry", state: LeaseState.ready.rawValue, address: registry.address,
            httpPort: registry.httpPort, peerPort: registry.peerPort, dnsPort: registry.dnsPort, publicHTTP: nil,
            isStale: false)
    }

    private func everyone() -> [ZoneServer] {
        var seen: Set<ServerID> = []
        let ring = (listed(.data) + listed(.router)).filter { seen.insert($0.life.id).inserted }
        return ring.map(shown) + registries
    }

    /// The best that a role has: servers that are ready, else those that come or go, else those under suspicion, else
    /// the one server of a ring of one, which does both duties, else stale ones: never nobody while somebody may live.
    private func listed(_ role: Role) -> [RegistryEntry] {
        var tiers: [[RegistryEntry]] = [[], [], [], [], []]
        for id in order {
            guard let entry = entries[id], let tier = tier(of: entry, in: role) else { continue }
            tiers[tier].append(entry)
        }
        return tiers.first { !$0.isEmpty } ?? []
    }

    private func tier(of entry: RegistryEntry, in role: Role) -> Int? {
        guard let record = entry.record else { return nil }
        if record.role != role { return entry.ringSize == 1 && entry.standing == .good ? 3 : nil }
        switch entry.standing {
        case .good: return record.state == .ready ? 0 : 1
        case .suspected: return 2
        case .lapsed: return 4
        }
    }

    private func shown(_ entry: RegistryEntry) -> ZoneServer {
        guard let record = entry.record else { return shown(identity) }
        return ZoneServer(
            life: entry.life, role: record.role.rawValue,
            state: entry.standing == .good ? record.state.rawValue : entry.standing.rawValue, address: record.address,
            httpPort: record.httpPort, peerPort: record.peerPort, dnsPort: nil, publicHTTP: record.publicHTTP,
            isStale: entry.standing == .lapsed)
    }
}
