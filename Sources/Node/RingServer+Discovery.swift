internal import Discovery
internal import Model
internal import Peers
internal import Platform
internal import Resolver
internal import Ring

// Finding others by broadcast where no registry answers, and being found.
extension RingServer {
    /// How long a server that knows nobody, and was told of no registry, looks for others before it founds a ring.
    private static let lonelyTime = Duration.seconds(3)
    /// Registries that are kept beside those of the configuration.
    private static let maximumFoundRegistries = 8

    /// Already at work; nil where the operator turned it off.
    func makeDiscoverer() -> Discoverer? {
        view.needsLease = configuration.registriesAreGiven || configuration.discoveryPort == 0
        guard configuration.discoveryPort != 0 else { return nil }
        let discoverer = Discoverer(
            asker: .server, keys: keys, host: peers.identity.endpoint.host,
            port: configuration.discoveryPort, clock: world.clock, network: world.network, log: world.log,
            metrics: metrics)
        discoverer.knowledge = { [weak self] in
            self?.discoveryKnowledge ?? .init(servers: [], registries: [], digest: 0)
        }
        discoverer.found = { [weak self] in self?.found($0) }
        discoverer.listen()
        discoverer.start(hasRegistries: !configuration.registries.isEmpty)
        return discoverer
    }

    /// Until when a fresh server waits for somebody to tell it of the ring.
    var foundingLimit: MonotonicTime {
        let mayFound = discoverer != nil && !configuration.registriesAreGiven
        return mayFound ? world.clock.now + Self.lonelyTime : .distantFuture
    }

    func registryReachabilityChanged() {
        guard registry?.isReachable == true else { return discoverer?.registriesLost() ?? () }
        view.needsLease = true
        discoverer?.registryAnswered()
    }

    private func found(_ answer: DiscoveryAnswer) {
        let own = peers.identity.endpoint
        let contacts = answer.servers.map(\.peer).filter { $0 != own }.map { Ring.Contact(endpoint: $0, life: nil) }
        if !contacts.isEmpty {
            if let shell { shell.handle(.contactsLearnt(contacts)) } else { firstAnswer.give(contacts) }
        }
        for registry in answer.registries where mayAdd(registry) {
            world.log.info("found a registry by broadcast", ["registry": registry.dns])
            self.registry?.add(RegistryPlace(peer: registry.peer, dns: registry.dns))
        }
    }

    private func mayAdd(_ found: DiscoveredRegistry) -> Bool {
        guard let places = registry?.places else { return false }
        return !places.contains { $0.peer == found.peer }
            && places.count < configuration.registries.count + Self.maximumFoundRegistries
    }

    private var discoveryKnowledge: Discovery.Knowledge {
        guard !isLeaving else { return .init(servers: [], registries: [], digest: 0) }
        let places = registry.map { $0.isReachable ? $0.places : [] } ?? []
        let registries = places.map { DiscoveredRegistry(dns: $0.dns, peerPort: $0.peer.port) }
        guard let ring = shell?.ring else {
            // Not in a ring yet, but somebody to begin one with.
            let own = DiscoveredServer(
                role: state.state.role ?? .data, peer: peers.identity.endpoint,
                httpPort: web?.port ?? configuration.httpPort)
            return .init(servers: [own], registries: registries, digest: 0)
        }
        let suspects = ring.suspects
        let others = ring.roster.present.filter { $0.id != ring.own.id && !$0.leaving && !suspects.contains($0.id) }
        return .init(
            servers: ([ring.own] + others).map { entry in
                DiscoveredServer(role: entry.role, peer: entry.peerEndpoint, httpPort: entry.httpPort)
            }, registries: registries, digest: ring.roster.digest)
    }
}
