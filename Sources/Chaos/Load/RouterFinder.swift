internal import Client
package import Model
package import Platform

/// Where listeners and uploaders of a cluster go next: the Routers that a registry names, else anybody that is known.
@Loop
package final class RouterFinder {
    private let directory: RegistryDirectory?
    private let everybody: [Endpoint]
    private var generator: SeededGenerator

    package init(_ cluster: ChaosCluster, seed: UInt64) {
        directory = RegistryDirectory(
            registries: cluster.registries.map(\.dns), zone: "rondo", clock: cluster.clock,
            network: cluster.world.network)
        everybody = cluster.servers.map(\.http)
        generator = SeededGenerator(seed: seed)
    }

    /// All that may serve, the likeliest first, in random order otherwise.
    package func routers() async -> [Endpoint] {
        let named = (await directory?.routers() ?? []).shuffled(using: &generator)
        return named + everybody.filter { !named.contains($0) }.shuffled(using: &generator)
    }
}
