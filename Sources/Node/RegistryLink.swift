internal import Model
internal import Peers
internal import Platform
internal import Registry
internal import Ring
internal import Wire

/// Holds this server's lease at one registry: asks, renews, reports deaths, gives back.
@Loop
final class RegistryLink {
    /// Its peer port.
    let endpoint: Endpoint
    /// Where it answers clients.
    let dns: Endpoint
    private let peers: Peers
    private let clock: any Clock
    private let log: Logger
    private let request: @Loop () -> LeaseRequest
    private let answered: @Loop (LeaseAnswer) -> Void
    private var loop: Task<Void, Never>?
    private let wake: Wake
    /// Whether the last request was answered.
    private(set) var isReachable = false { didSet { if isReachable != oldValue { reachabilityChanged() } } }
    var reachabilityChanged: @Loop () -> Void = {}

    private static let deadline = Duration.seconds(1)
    /// Between tries while the registry does not answer.
    private static let retry = Duration.milliseconds(250)
    private static let slowRetry = Duration.seconds(1)

    init(
        endpoint: Endpoint, dns: Endpoint, peers: Peers, clock: any Clock, log: Logger,
        request: @escaping @Loop () -> LeaseRequest,
        answered: @escaping @Loop (LeaseAnswer) -> Void
    ) {
        self.endpoint = endpoint
        self.dns = dns
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
                    if failures == 4 { log.warning("no registry answers", ["registry": endpoint]) }
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

    private func ask() async -> LeaseAnswer? {
        let answer = try? await exchange(.leaseRequest, request())
        isReachable = answer != nil
        return answer.flatMap { try? WireJSON.decode(LeaseAnswer.self, from: $0.header) }
    }

    func report(_ death: DeathReport) {
        Loop.spawn("registry.death") { [self] in _ = try? await exchange(.deathReport, death) }
    }

    func release(_ life: ServerLife) async { _ = try? await exchange(.leaseRelease, LeaseRelease(life: life)) }

    private func exchange(_ kind: FrameKind, _ header: some Encodable & Sendable) async throws(PeerError) -> PeerReply {
        try await peers.request(
            kind, to: PeerAddress(endpoint: endpoint, life: nil), header: WireJSON.encode(header),
            deadline: clock.now + Self.deadline)
    }
}

/// Lets one task wait until a time or until it is woken.
@Loop
final class Wake {
    private let clock: any Clock
    private var continuation: CheckedContinuation<Void, Never>?
    private var isWoken = false

    init(clock: any Clock) { self.clock = clock }

    func wake() {
        isWoken = true
        continuation?.resume()
        continuation = nil
    }

    func wait(until time: MonotonicTime) async {
        if !isWoken {
            let timer = clock.schedule(at: time) { [weak self] in self?.wake() }
            await withCheckedContinuation { continuation = $0 }
            timer.cancel()
        }
        isWoken = false
    }
}
