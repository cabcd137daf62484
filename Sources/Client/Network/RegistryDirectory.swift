package import Model
package import Platform
import Registry
import Resolver

/// Finds the Routers through the registries' DNS: SRV records of `_http._tcp.router` in the zone.
@Loop
package final class RegistryDirectory: RouterDirectory {
    private static let patience = Duration.seconds(1)

    private let registries: [Endpoint]
    private let resolver: Resolver
    private let clock: any Clock
    private var lastFault: ResolverError?

    /// - Returns: Nil when `zone` is no name of a zone.
    package init?(registries: [Endpoint], zone: String, clock: any Clock, network: any Network) {
        guard let zone = Zone(zone) else { return nil }
        self.registries = registries
        self.clock = clock
        resolver = Resolver(registries: registries, zone: zone, clock: clock, network: network)
    }

    package func routers() async -> [Endpoint] {
        do throws(ResolverError) {
            let found = try await resolver.endpoints(of: .routers, deadline: clock.now + Self.patience)
            lastFault = nil
            return found
        } catch {
            // Told by `explanation`, if it comes to that: the Routers known so far go on serving meanwhile.
            lastFault = error
            return []
        }
    }

    package var explanation: String {
        let asked = registries.map(\.description).joined(separator: ", ")
        return switch lastFault {
        case .noAnswer: "no registry answers at \(asked); give its address, or start a cluster with `rondo up`"
        case .notReady: "the registry at \(asked) has just started; try again in a few seconds"
        case .refused(let code): "the registry at \(asked) says \(code.name); check --zone"
        case nil: "the registry at \(asked) lists none yet; `rondo status` shows the cluster"
        }
    }
}
