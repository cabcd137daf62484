package import Crypto
package import Model
package import Platform
package import Registry

/// What asking a server itself brought.
package enum CheckResult: Hashable, Sendable {
    /// It answered, with its cluster key, that it lives this life.
    case answered(ServerLife)
    /// Refused, closed, not authenticated or silent until the deadline.
    case failed
}

/// Asks the server at an endpoint's peer port which life it lives, by a deadline.
package typealias LivenessCheck = @Loop @Sendable (ServerLife, Endpoint, MonotonicTime) async -> CheckResult

/// Tells another registry, at its peer port; whether it gets there is nobody's business.
package typealias RegistrySending = @Loop @Sendable (RegistryMessage, Endpoint) -> Void

/// What a registry knows, for `/healthz`, `/readyz` and `/api/v1/cluster`.
package struct RegistrySnapshot: Hashable, Sendable, Codable {
    package var life: ServerLife
    package var zone: String
    package var dns: Endpoint
    package var serial: UInt32
    /// Whether names are answered: false for the first renewal period of a registry that started empty.
    package var isFilled: Bool
    package var counts: RoleCounts
    package var leases: [LeaseSummary]
    /// The live registries, this one first.
    package var registries: [RegistryIdentity]
}

/// A registry at work: the pure `Registry` behind the DNS port, driven by timers and by its peers' messages.
@Loop
package final class RegistryServer {
    let clock: any Clock
    let network: any Network
    let log: Logger
    let counters: RegistryCounters
    private let livenessCheck: LivenessCheck
    private let sending: RegistrySending
    private var registry: Registry
    private var timer: (any TimerHandle)?
    private var checks: [UInt64: Task<Void, Never>] = [:]
    private let ports: DNSPorts
    private var isStopped = false

    /// Opens the DNS port, UDP and TCP, and begins to answer.
    ///
    /// - Parameters:
    ///   - identity: a DNS port of 0 takes a free one; `identity` of the running server tells which.
    ///   - keys: the cluster's; any of them signs queries and updates.
    ///   - seed: for the order of addresses in answers; from the system's randomness.
    ///   - registries: peer ports of others, where the operator names some.
    ///   - sending: how to tell another registry.
    ///   - check: how to ask a server itself; answers of other servers than the one meant are passed on as they are.
    /// - Throws: `StreamError` when the port cannot be had; then nothing stays open.
    package init(
        identity: RegistryIdentity, zone: Zone, registries: [Endpoint] = [], keys: [ClusterKey], clock: any Clock,
        network: any Network, log: Logger, metrics: Metrics, seed: UInt64,
        sending: @escaping RegistrySending = { _, _ in }, check: @escaping LivenessCheck
    ) throws(StreamError) {
        self.clock = clock
        self.network = network
        self.log = log
        livenessCheck = check
        self.sending = sending
        counters = RegistryCounters(metrics: metrics, clock: clock)
        ports = try DNSPorts(at: Endpoint(identity.address, identity.dnsPort), network: network, clock: clock)
        var identity = identity
        identity.dnsPort = ports.local.port
        registry = Registry(
            identity: identity, zone: zone, registries: registries, keys: keys, wallSeconds: clock.wallSeconds,
            serial: UInt32(truncatingIfNeeded: clock.wallSeconds), seed: seed, now: clock.now)
        ports.answering = { [weak self] query, transport, source in
            self?.answer(query, over: transport, from: source)
        }
        handle(.timerFired)
    }

    /// This registry, with the port that it really has.
    package var identity: RegistryIdentity { registry.identity }

    /// Grants, renews or refuses a lease: the answer to a peer's `lease.request`.
    package func lease(_ request: LeaseRequest, from source: HostAddress) -> LeaseAnswer {
        handle(.leaseRequested(request, from: source)) ?? LeaseAnswer(outcome: .full)
    }

    /// Takes back the lease of a server that leaves: a peer's `lease.release`.
    package func release(_ release: LeaseRelease) {
        handle(.leaseReleased(release.life))
    }

    /// Takes a death or a suspicion: a peer's `death.report`.
    package func report(_ report: DeathReport) {
        handle(.deathReported(report))
    }

    /// Takes what another registry says: a peer's `registry`, whose link has proved that it is the sender.
    package func received(_ message: RegistryMessage) { handle(.messageReceived(message)) }

    /// Takes notice that the last link with a process has closed.
    package func linkClosed(_ life: ServerLife) { handle(.linkClosed(life)) }

    /// Tells the other registries that this one stops.
    package func sayFarewell() { handle(.stopRequested) }

    package var isFilled: Bool { registry.isFilled(at: clock.now) }

    package var snapshot: RegistrySnapshot {
        RegistrySnapshot(
            life: identity.life, zone: registry.zone.apex.description, dns: ports.local, serial: registry.serial,
            isFilled: isFilled, counts: registry.counts, leases: registry.leases(at: clock.now),
            registries: registry.liveRegistries)
    }

    /// Takes other keys of the cluster: any of them signs queries and updates from now on.
    package func use(_ keys: [ClusterKey]) { registry.use(keys) }

    /// Closes the DNS port and gives up the checks that are under way. Afterwards nothing is answered.
    package func stop() {
        isStopped = true
        ports.close()
        timer?.cancel()
        for (_, check) in checks.sorted(by: { $0.key < $1.key }) { check.cancel() }
        checks = [:]
        counters.flush()
    }
}

extension RegistryServer {
    @discardableResult
    private func handle(_ event: RegistryEvent) -> LeaseAnswer? {
        var effects: [RegistryEffect] = []
        registry.handle(event, at: clock.now, into: &effects)
        return perform(effects)
    }

    private func answer(_ query: [UInt8], over transport: DNSTransport, from source: Endpoint) -> [UInt8]? {
        guard !isStopped else { return nil }
        var effects: [RegistryEffect] = []
        let arrival = DNSArrival(over: transport, from: source, wallSeconds: clock.wallSeconds)
        let outcome = registry.answer(query, arrival, at: clock.now, into: &effects)
        if !effects.isEmpty { perform(effects) }
        counters.count(outcome, transport)
        if case .reply(let bytes, _) = outcome { return bytes }
        return nil
    }

    @discardableResult
    private func perform(_ effects: [RegistryEffect]) -> LeaseAnswer? {
        var answer: LeaseAnswer?
        for effect in effects where !isStopped {
            switch effect {
            case .answerLease(let one):
                answer = one
                counters.count(one.outcome)
            case .check(let number, let life, let peer, let deadline): ask(number, life, peer, deadline)
            case .send(let message, let endpoint): sending(message, endpoint)
            case .setTimer(let time): setTimer(time)
            case .noteGranted(let life, let role):
                log.info("lease granted", ["holder": life, "role": role.rawValue])
            case .noteRemoved(let life, let reason):
                counters.count(reason)
                log.info("lease removed", ["holder": life, "reason": reason.rawValue])
            case .noteSignature(let verdict): counters.count(verdict)
            case .noteUpdate(let outcome): counters.count(outcome)
            case .noteRegistry(let other, let isLive):
                log.info(isLive ? "another registry is there" : "a registry is gone", ["registry": other.peer])
            case .noteChanged(let serial):
                counters.set(registry.counts, registries: registry.liveRegistries.count, serial: serial)
            }
        }
        return answer
    }

    private func ask(_ number: UInt64, _ life: ServerLife, _ peer: Endpoint, _ deadline: MonotonicTime) {
        checks[number] = Loop.spawn("registry check") { [weak self, livenessCheck] in
            let result = await livenessCheck(life, peer, deadline)
            self?.checked(number, result)
        }
    }

    private func checked(_ number: UInt64, _ result: CheckResult) {
        checks[number] = nil
        guard !isStopped else { return }
        switch result {
        case .answered(let life): handle(.checkAnswered(number: number, by: life))
        case .failed: handle(.checkFailed(number: number))
        }
    }

    private func setTimer(_ time: MonotonicTime) {
        timer?.cancel()
        timer = clock.schedule(at: time) { [weak self] in
            guard let self, !isStopped else { return }
            handle(.timerFired)
        }
    }
}

extension Clock {
    /// Whole seconds since 1970.
    var wallSeconds: UInt64 { UInt64(max(0, wallMs / 1000)) }
}
