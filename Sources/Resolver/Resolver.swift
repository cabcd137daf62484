package import Model
package import Platform
package import Registry

/// Why a name could not be resolved.
package enum ResolverError: Error, Hashable, Sendable {
    /// No registry answered until the deadline: none runs there, or none is reached.
    case noAnswer
    /// Registries answered, but none could say: they have just started (SERVFAIL).
    case notReady
    /// The zone, or this name in it, is unknown to the registry: the code says which.
    case refused(ResponseCode)
}

/// Something that servers offer and a registry lists.
package enum RegistryService: Hashable, Sendable {
    /// Routers' HTTP ports.
    case routers
    /// The peer ports of all servers of a role.
    case peers(Role)
    /// The registries' DNS ports.
    case registries

    fileprivate var labels: (String, String, String) {
        switch self {
        case .routers: ("_http", "_tcp", "router")
        case .peers(let role): ("_peer", "_tcp", role.rawValue)
        case .registries: ("_dns", "_udp", "registry")
        }
    }
}

/// Finds servers through the registries: one after the other, over UDP, and over TCP where an answer is too long.
@Loop
package final class Resolver {
    /// How long a registry has to answer before the next one is asked.
    static let patience: Duration = .milliseconds(250)
    /// How long to wait before asking registries again that are not ready.
    private static let pause: Duration = .milliseconds(100)
    /// Registries that are asked, learnt ones among them.
    private static let maximum = 16
    /// How often to ask which registries there are.
    private static let learningInterval: Duration = .seconds(10)

    /// The one that answered last first.
    package private(set) var registries: [Endpoint]
    private var nextLearning = MonotonicTime.zero
    private let zone: Zone
    private let exchange: DNSExchange
    private let clock: any Clock

    /// - Parameters:
    ///   - registries: asked in this order at first.
    ///   - source: the address to ask from; `.any` lets the system choose.
    package init(
        registries: [Endpoint], zone: Zone, clock: any Clock, network: any Network, source: HostAddress = .any
    ) {
        self.registries = registries
        self.zone = zone
        self.clock = clock
        exchange = DNSExchange(clock: clock, network: network, source: source)
    }

    /// Where a service is offered, in the random order of the answer; empty when nobody offers it.
    /// - Throws: `ResolverError`.
    package func endpoints(
        of service: RegistryService, deadline: MonotonicTime
    ) async throws(ResolverError) -> [Endpoint] {
        let labels = service.labels
        guard let name = zone.apex.under(labels.0, labels.1, labels.2) else { return [] }
        var found: [Endpoint] = []
        for one in try await lookUp(name, .srv, deadline: deadline).services {
            if let endpoint = one.endpoint {
                found.append(endpoint)
            } else if let address = try await lookUp(one.target, .a, deadline: deadline).addresses.first {
                // A long answer comes without the addresses.
                found.append(Endpoint(address, one.port))
            }
        }
        return found
    }

    /// Asks now and then which registries live, so that any of them can be asked once those that were named are gone.
    package func learnRegistries(deadline: MonotonicTime) async {
        guard clock.now >= nextLearning else { return }
        nextLearning = clock.now + Self.learningInterval
        do throws(ResolverError) {
            let live = try await endpoints(of: .registries, deadline: deadline)
            registries += live.filter { !registries.contains($0) }.prefix(max(0, Self.maximum - registries.count))
        } catch {
            // The names asked for are what counts; this was for later.
            return
        }
    }

    /// The first answer that a registry gives to a question.
    /// - Throws: `ResolverError`.
    package func lookUp(
        _ name: DomainName, _ type: RecordType, deadline: MonotonicTime
    ) async throws(ResolverError) -> DNSAnswer {
        var wasAnswered = false
        while clock.now < deadline, !registries.isEmpty {
            let places = registries
            for (index, registry) in places.enumerated() where clock.now < deadline {
                // All of them are to get their turn before the deadline.
                let share = (deadline - clock.now) / (places.count - index)
                let limit = clock.now + min(share, Self.patience)
                let query = DNSQuery(id: UInt16.random(in: 0...UInt16.max), name, type)
                guard let answer = await exchange.ask(registry, query, limit: limit, deadline: deadline) else {
                    continue
                }
                wasAnswered = true
                if answer.code == .noError {
                    prefer(registry)
                    return answer
                }
                if answer.code != .serverFailure { throw .refused(answer.code) }
            }
            await clock.sleep(until: min(deadline, clock.now + Self.pause))
        }
        throw wasAnswered ? .notReady : .noAnswer
    }

    private func prefer(_ registry: Endpoint) {
        guard registries.first != registry, let place = registries.firstIndex(of: registry) else { return }
        registries.remove(at: place)
        registries.insert(registry, at: 0)
    }
}
