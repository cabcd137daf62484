internal import Discovery
internal import Model
internal import Platform
internal import Registry
internal import RegistryServer
internal import Resolver

// A registry is found by broadcast too, with the servers that hold leases; it asks nobody.
extension ServerConfiguration {
    /// Already at work; nil where the operator turned discovery off.
    @Loop
    func discoverer(
        of server: RegistryServer, at address: HostAddress, _ clock: any Clock, _ network: any Network, _ log: Logger,
        _ metrics: Metrics
    ) -> Discoverer? {
        guard discoveryPort != 0 else { return nil }
        let discoverer = Discoverer(
            asker: .server, keys: keys, host: address, port: discoveryPort, clock: clock, network: network, log: log,
            metrics: metrics)
        discoverer.knowledge = { [weak server] in
            guard let server else { return .init(servers: [], registries: [], digest: 0) }
            let live = server.snapshot.registries.map { DiscoveredRegistry(dns: $0.dns, peerPort: $0.peerPort) }
            return .init(servers: server.snapshot.leases.compactMap(\.discovered), registries: live, digest: 0)
        }
        discoverer.listen()
        return discoverer
    }
}

extension LeaseSummary {
    /// Nil for one that has lapsed: nobody shall be sent there.
    fileprivate var discovered: DiscoveredServer? {
        guard standing != .lapsed else { return nil }
        return DiscoveredServer(
            role: record.role, peer: Endpoint(record.address, record.peerPort), httpPort: record.httpPort)
    }
}
