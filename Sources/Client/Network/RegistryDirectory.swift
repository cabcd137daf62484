package import Crypto
import Discovery
package import Model
package import Platform
import Registry
import Resolver

/// How a client finds its cluster by broadcast: with the cluster's key, since without it anybody could answer.
package struct BroadcastSettings: Sendable {
    package var keys: [ClusterKey]
    package var port: UInt16

    package init(keys: [ClusterKey], port: UInt16) {
        self.keys = keys
        self.port = port
    }
}

/// Finds the Routers through the registries' DNS (SRV records of `_http._tcp.router` in the zone), and by broadcast
/// where no registry answers and the cluster's key is known.
@Loop
package final class RegistryDirectory: RouterDirectory {
    private static let patience = Duration.seconds(1)

    private let zone: Zone
    private let clock: any Clock
    private let network: any Network
    private let broadcast: BroadcastSettings?
    private var resolver: Resolver
    private var lastFault: ResolverError?
    private var wasFoundByBroadcast = false

    /// - Parameters:
    ///   - registries: none leaves it to broadcast.
    ///   - broadcast: nil where no key is known, or it is turned off.
    /// - Returns: Nil when `zone` is no name of a zone.
    package init?(
        registries: [Endpoint], zone: String, broadcast: BroadcastSettings? = nil, clock: any Clock,
        network: any Network
    ) {
        guard let zone = Zone(zone) else { return nil }
        self.zone = zone
        self.clock = clock
        self.network = network
        self.broadcast = broadcast
        resolver = Resolver(registries: registries, zone: zone, clock: clock, network: network)
    }

    package func routers() async -> [Endpoint] {
        // Who had to ask everybody last time does so first now: a listener waits.
        if wasFoundByBroadcast, let found = await ask() { return found }
        do throws(ResolverError) {
            let found = try await resolver.endpoints(of: .routers, deadline: clock.now + Self.patience)
            lastFault = nil
            await resolver.learnRegistries(deadline: clock.now + Self.patience)
            return found
        } catch {
            // Told by `explanation`, if it comes to that: the Routers known so far go on serving meanwhile.
            lastFault = error
            guard error == .noAnswer, !wasFoundByBroadcast else { return [] }
            return await ask() ?? []
        }
    }

    /// Asks everybody on this machine's networks; registries that answer, or are named, are asked from then on.
    private func ask() async -> [Endpoint]? {
        wasFoundByBroadcast = false
        guard let broadcast else { return nil }
        let call = BroadcastCall(broadcast, clock: clock, network: network)
        guard let answer = await call.answer(until: clock.now + Self.patience) else { return nil }
        let known = answer.registries.map(\.dns)
        if known.isEmpty {
            wasFoundByBroadcast = true
        } else {
            resolver = Resolver(registries: known, zone: zone, clock: clock, network: network)
        }
        let routers = answer.servers.filter { $0.role == .router }
        // A ring without a Router has one server, or is about to have one: whoever is asked answers.
        return (routers.isEmpty ? answer.servers : routers).map(\.http)
    }

    package var explanation: String {
        let asked = resolver.registries.map(\.description).joined(separator: ", ")
        return switch lastFault {
        case .noAnswer: silence(asked)
        case .notReady: "the registry at \(asked) has just started; try again in a few seconds"
        case .refused(let code): "the registry at \(asked) says \(code.name); check --zone"
        case nil: "the registry at \(asked) lists none yet; `rondo status` shows the cluster"
        }
    }

    private func silence(_ asked: String) -> String {
        let nobody = asked.isEmpty ? "no registry is given" : "no registry answers at \(asked)"
        guard let broadcast else {
            return "\(nobody); give its address, or --key-file to find the cluster by broadcast, "
                + "or start a cluster with `rondo up`"
        }
        return "\(nobody), and no server with this key to a broadcast on port \(broadcast.port); "
            + "give a registry's address, or start a cluster with `rondo up`"
    }
}

/// One question to everybody, asked again until somebody answers.
@Loop
private final class BroadcastCall {
    private let discoverer: Discoverer
    private let clock: any Clock
    private var continuation: CheckedContinuation<DiscoveryAnswer?, Never>?

    init(_ settings: BroadcastSettings, clock: any Clock, network: any Network) {
        self.clock = clock
        discoverer = Discoverer(
            asker: .client, keys: settings.keys, host: .any, port: settings.port, clock: clock, network: network,
            log: .none, metrics: Metrics())
    }

    /// The first answer that names a server; nil when there is none by `deadline`.
    func answer(until deadline: MonotonicTime) async -> DiscoveryAnswer? {
        let timer = clock.schedule(at: deadline) { [self] in finish(nil) }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            self.continuation = continuation
            discoverer.found = { [weak self] answer in if !answer.servers.isEmpty { self?.finish(answer) } }
            discoverer.start(hasRegistries: false)
        }
    }

    private func finish(_ answer: DiscoveryAnswer?) {
        discoverer.stop()
        continuation?.resume(returning: answer)
        continuation = nil
    }
}
