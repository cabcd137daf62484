internal import DataServer
internal import Model
internal import Peers
internal import Platform
internal import Registry
internal import Ring
internal import Wire

/// Where a registry speaks with peers, and where it answers clients.
struct RegistryPlace: Hashable, Sendable {
    var peer: Endpoint
    var dns: Endpoint
}

/// Holds this server's lease at any one of the registries, and at another one as soon as that does not answer: they
/// tell each other.
///
/// All servers begin with the first registry that their operator named. So those that start at the same instant meet at
/// one registry, which counts the roles that it has just given; and whatever it does not count, the ring repairs.
@Loop
final class RegistryLink {
    /// The one in use first: what the operator named, what was found by broadcast, what registries tell of others.
    private(set) var places: [RegistryPlace]
    private var named: [RegistryPlace]
    /// Whether the last request was answered.
    private(set) var isReachable = false { didSet { if isReachable != oldValue { reachabilityChanged() } } }
    var reachabilityChanged: @Loop () -> Void = {}
    private let peers: Peers
    private let clock: any Clock
    private let log: Logger
    private let request: @Loop () -> LeaseRequest
    private let answered: @Loop (LeaseAnswer) -> Void
    private var loop: Task<Void, Never>?
    private let wake: Wake
    private var lastRequest: LeaseRequest?
    private var sequence: UInt64 = 0
    private var told = ToldRegistries()

    /// How long a registry has to answer, where there is another one and where there is none.
    private static let patience = Duration.milliseconds(400)
    private static let deadline = Duration.seconds(1)
    /// The same for a death, which nobody is to wait for.
    private static let deathPatience = Duration.milliseconds(100)
    /// Between tries while no registry answers.
    private static let retry = Duration.milliseconds(250)
    private static let slowRetry = Duration.seconds(1)

    init(
        named: [RegistryPlace], peers: Peers, clock: any Clock, log: Logger,
        request: @escaping @Loop () -> LeaseRequest,
        answered: @escaping @Loop (LeaseAnswer) -> Void
    ) {
        self.named = named
        places = named
        self.peers = peers
        self.clock = clock
        self.log = log
        self.request = request
        self.answered = answered
        wake = Wake(clock: clock)
    }

    func start() {
        loop = Loop.spawn("registry.lease") { [self] in
            var failures = 0
            while !Task.isCancelled {
                let pause: Duration
                let answer = await ask()
                if Task.isCancelled { break }
                if let answer {
                    failures = 0
                    pause = answer.outcome == .granted ? .milliseconds(answer.renewMs) : .seconds(1)
                    answered(answer)
                } else {
                    failures += 1
                    if failures == 4, !places.isEmpty { log.warning("no registry answers", ["registries": asked]) }
                    pause = failures < 20 ? Self.retry : Self.slowRetry
                }
                await wake.wait(until: clock.now + pause)
            }
        }
    }

    /// Afterwards no lease is asked for, so that one that is given back stays so.
    func stop() {
        loop?.cancel()
        wake.wake()
    }

    /// Renews now rather than at the next turn.
    func renew() { wake.wake() }

    /// Asks one registry after the other for the lease.
    private func ask() async -> LeaseAnswer? {
        let patience = places.count > 1 ? Self.patience : Self.deadline
        let reply = await exchange(.leaseRequest, patience: patience) { place in
            var request = numbered()
            told.complete(&request, to: place.peer, knowing: places.map(\.peer))
            return WireJSON.encode(request)
        }
        let answer = reply.flatMap { try? WireJSON.decode(LeaseAnswer.self, from: $0.header) }
        if let answer, let reply { told.took(answer, of: reply.place.peer, knowing: places.map(\.peer)) }
        if let registries = answer?.registries { learn(registries.map { RegistryPlace(peer: $0.peer, dns: $0.dns) }) }
        isReachable = answer != nil
        return answer
    }

    /// The request as it is now, with its place in the order of what this server says of itself.
    private func numbered() -> LeaseRequest {
        var request = request()
        var own = request
        // One that is alone does both duties: that is news for every registry.
        own.ringSize = request.ringSize == 1 ? 1 : nil
        if own != lastRequest {
            sequence += 1
            lastRequest = own
        }
        request.sequence = sequence
        return request
    }

    /// Takes the live registries as one of them tells them. What was named stays, under the ports that it turned out to
    /// have.
    private func learn(_ live: [RegistryPlace]) {
        func asTold(_ place: RegistryPlace) -> RegistryPlace {
            live.first { $0.peer.host == place.peer.host && !live.contains(place) } ?? place
        }
        named = named.map(asTold)
        let present = named + live
        places = (places.map(asTold).filter(present.contains) + present).reduce(into: []) { places, place in
            if !places.contains(where: { $0.peer == place.peer }) { places.append(place) }
        }
    }

    /// Asks this registry too from now on.
    func add(_ place: RegistryPlace) {
        guard !places.contains(where: { $0.peer == place.peer }) else { return }
        named.append(place)
        places.append(place)
        if !isReachable { renew() }
    }

    /// Tells a death to the first registry that answers; it tells the others.
    func report(_ death: DeathReport) {
        Loop.spawn("registry.death") { [self] in
            let header = WireJSON.encode(death)
            if await exchange(.deathReport, patience: Self.deathPatience, { _ in header }) == nil {
                _ = await exchange(.deathReport, patience: Self.deadline) { _ in header }
            }
        }
    }

    /// Gives the lease back, to the first registry that answers.
    func release(_ life: ServerLife) async {
        let header = WireJSON.encode(LeaseRelease(life: life))
        _ = await exchange(.leaseRelease, patience: Self.patience) { _ in header }
    }

    /// Asks every registry in turn until one answers, and begins with that one the next time.
    private func exchange(
        _ kind: FrameKind, patience: Duration, _ header: @Loop (RegistryPlace) -> [UInt8]
    ) async -> (header: [UInt8], place: RegistryPlace)? {
        for place in places {
            let reply = try? await peers.request(
                kind, to: PeerAddress(endpoint: place.peer, life: nil), header: header(place),
                deadline: clock.now + patience)
            if let reply { return (reply.header, place) }
            // Another exchange may have done so meanwhile.
            if places.first == place { places.append(places.removeFirst()) }
        }
        return nil
    }

    private var asked: String { places.map(\.peer.description).joined(separator: ", ") }
}
