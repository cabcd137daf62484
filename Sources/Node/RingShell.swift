internal import Crypto
internal import Model
internal import Peers
internal import Platform
internal import Ring
internal import RouterServer
internal import Wire

/// What the ring's machine asks of the rest of the server.
@Loop
protocol RingShellOwner: AnyObject, Sendable {
    /// Take up this role and remember it; returns when that is on the disk.
    func adopt(_ role: Role) async
    /// Store the incarnation; returns when it is on the disk.
    func persist(_ incarnation: Incarnation) async
    func reportDeath(_ life: ServerLife)
    func ownEntryChanged()
    func rosterChanged()
    /// This server holds the ring's token from now on.
    func tokenTaken(_ token: TokenMark)
    /// The token has gone on, or a later one is known.
    func tokenLost()
    func ringStopped(_ reason: Ring.StopReason)
}

/// Carries out the effects of the `Ring` machine and feeds it what happens: probes over sealed datagrams, messages over
/// links.
@Loop
final class RingShell {
    private(set) var ring: Ring
    weak var owner: (any RingShellOwner)?
    private let peers: Peers
    private let clock: any Clock
    private let log: Logger
    private let metrics: Metrics
    private var sealer: DatagramSealer
    private var socket: (any DatagramSocket)?
    private var timers: [Ring.Timer.Kind: any TimerHandle] = [:]
    private var watched: [ServerID: ServerLife] = [:]
    private var queue: [Ring.Event] = []
    private var isHandling = false
    private var tokenHeld: TokenMark?
    private var isStopped = false
    private var rosterLog = RosterLog()
    /// The message sent last, in the bytes that it has on a link: news go to many at once.
    private var lastSent: (message: Ring.Message, bytes: [UInt8])?
    private let events: RingEvents
    /// Since when an alert of this server is on its way.
    private var roundBegan: MonotonicTime?

    private static let roundBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    init(
        ring: Ring, peers: Peers, sealer: DatagramSealer, clock: any Clock, log: Logger, metrics: Metrics,
        events: RingEvents
    ) {
        self.ring = ring
        self.peers = peers
        self.sealer = sealer
        self.clock = clock
        self.log = log
        self.metrics = metrics
        self.events = events
    }

    /// - Throws: `StreamError` when the datagram port cannot be opened.
    func start(contacts: [Ring.Contact], network: any Network) throws(StreamError) {
        socket = try network.openDatagrams(on: peers.identity.endpoint) { [weak self] bytes, source in
            self?.receive(bytes, from: source)
        }
        peers.handle(.ring) { [weak self] request in
            self?.take(request) ?? .failure(PeerRefusal(code: "stopping", message: "this server is stopping"))
        }
        peers.lastLinkClosed = { [weak self] peer in self?.linkClosed(peer) }
        handle(.started(contacts: contacts))
    }

    /// Takes other keys of the cluster.
    func use(_ keys: [ClusterKey]) { sealer.use(keys.map(\.datagramKey)) }

    func stop() {
        isStopped = true
        for timer in timers.values { timer.cancel() }
        timers = [:]
        socket?.close()
    }

    /// Gives the machine an event and does what it says. Events that arise meanwhile wait their turn.
    func handle(_ event: Ring.Event) {
        guard !isStopped else { return }
        queue.append(event)
        guard !isHandling else { return }
        isHandling = true
        while !queue.isEmpty {
            var effects: [Ring.Effect] = []
            ring.handle(queue.removeFirst(), at: clock.now, into: &effects)
            for effect in effects { perform(effect) }
            followToken()
        }
        isHandling = false
    }

    private func followToken() {
        let held = ring.heldToken
        guard held != tokenHeld else { return }
        if tokenHeld != nil { owner?.tokenLost() }
        tokenHeld = held
        if let held { owner?.tokenTaken(held) }
    }

    private var ownLife: ServerLife { peers.identity.life }
}

// Effects.
extension RingShell {
    private func perform(_ effect: Ring.Effect) {
        switch effect {
        case .sendProbe(let probe, let endpoint): socket?.send(sealer.seal(probe.encoded), to: endpoint)
        case .send(let message, let id, let life, let endpoint, let limit): send(message, id, life, endpoint, limit)
        case .watch(let life, let endpoint): watch(life, endpoint)
        case .unwatch(let life): if watched[life.id] == life { watched[life.id] = nil }
        case .dial(let life, let endpoint, let limit): dial(life, endpoint, limit)
        case .setTimer(let timer, let time):
            timers[timer.kind]?.cancel()
            timers[timer.kind] = clock.schedule(at: time) { [weak self] in
                self?.timers[timer.kind] = nil
                self?.handle(.timerFired(timer))
            }
        case .cancelTimer(let timer): timers.removeValue(forKey: timer.kind)?.cancel()
        case .persist(let incarnation):
            Loop.spawn("ring.persist") { [self] in
                await owner?.persist(incarnation)
                handle(.incarnationPersisted(incarnation))
            }
        case .adoptRole(let role, let epoch):
            log.info("takes a role", ["role": role.name, "epoch": epoch])
            Loop.spawn("ring.role") { [self] in
                await owner?.adopt(role)
                handle(.roleAdopted(role))
            }
        case .reportDeath(let life):
            peers.drop(life.id, through: life.incarnation)
            owner?.reportDeath(life)
        case .updateRegistry: owner?.ownEntryChanged()
        case .rosterChanged:
            rosterLog.note(ring, in: log)
            owner?.rosterChanged()
        case .report(let observation): report(observation)
        case .stop(let reason): owner?.ringStopped(reason)
        }
    }

    private func send(
        _ message: Ring.Message, _ id: Ring.MessageID, _ life: ServerLife?, _ endpoint: Endpoint, _ limit: Duration
    ) {
        let deadline = clock.now + limit
        if case .alert(let alert) = message { events.notePassed(alert, to: life) }
        let body = Ring.Envelope.encode(from: ownLife, to: life, message: encoded(message))
        Loop.spawn("ring.send") { [self] in
            do throws(PeerError) {
                let reply = try await peers.request(
                    .ring, to: PeerAddress(endpoint: endpoint, life: life), body: body, deadline: deadline)
                guard let answer = try? Ring.Acknowledgement(decoding: reply.body) else {
                    return handle(.messageLost(id, .timedOut))
                }
                handle(.messageAcknowledged(id, by: answer.by))
            } catch {
                handle(.messageLost(id, Self.reason(error)))
            }
        }
    }

    private func encoded(_ message: Ring.Message) -> [UInt8] {
        if let lastSent, lastSent.message == message { return lastSent.bytes }
        let bytes = message.encoded
        lastSent = (message, bytes)
        return bytes
    }

    private static func reason(_ error: PeerError) -> Ring.LossReason {
        switch error {
        case .unreachable(.refused): .refused
        case .answeredBy(let other): .answeredBy(other.life)
        case .refused(code: "other_life", let message):
            (try? WireJSON.decode(ServerLife.self, from: Array(message.utf8))).map(Ring.LossReason.answeredBy)
                ?? .timedOut
        default: .timedOut
        }
    }

    private func watch(_ life: ServerLife, _ endpoint: Endpoint) {
        watched[life.id] = life
        Loop.spawn("ring.watch") { [self] in
            do throws(PeerError) {
                let address = PeerAddress(endpoint: endpoint, life: life)
                try await peers.connect(to: address, deadline: clock.now + .seconds(1))
            } catch {
                if watched[life.id] == life { handle(.connectionClosed(life)) }
            }
        }
    }

    private func linkClosed(_ peer: PeerIdentity) {
        guard let life = watched[peer.life.id] else { return }
        handle(.connectionClosed(life))
    }

    private func dial(_ life: ServerLife, _ endpoint: Endpoint, _ limit: Duration) {
        Loop.spawn("ring.dial") { [self] in
            let address = PeerAddress(endpoint: endpoint, life: life)
            do throws(PeerError) {
                let peer = try await peers.redial(address, deadline: clock.now + limit)
                handle(.dialEnded(life, .answered(peer.life)))
            } catch {
                handle(.dialEnded(life, Self.result(error)))
            }
        }
    }

    private static func result(_ error: PeerError) -> Ring.DialResult {
        switch error {
        case .unreachable(.refused): .refused
        case .unreachable(.untrusted): .answered(nil)
        case .answeredBy(let peer): .answered(peer.life)
        default: .timedOut
        }
    }
}

// Events from the network.
extension RingShell {
    private func receive(_ bytes: [UInt8], from source: Endpoint) {
        do throws(DatagramSealer.Failure) {
            let opened = try sealer.open(bytes)
            guard let probe = try? Probe(decoding: opened), probe.to.id == ownLife.id else {
                return metrics.count(
                    "rondo_datagrams_dropped_total", "Datagrams not taken.", labels: "reason=\"stray\"")
            }
            handle(.probeReceived(probe, from: source))
        } catch {
            let reason = error == .forged ? "forged" : "replayed"
            metrics.count("rondo_datagrams_dropped_total", "Datagrams not taken.", labels: "reason=\"\(reason)\"")
        }
    }

    private func take(_ request: PeerRequest) -> Result<PeerReply, PeerRefusal> {
        guard let envelope = try? Ring.Envelope(decoding: request.body) else {
            metrics.count("rondo_ring_messages_garbled_total", "Ring messages that could not be read.")
            return .failure(PeerRefusal(code: "bad_request", message: "not a message of the ring"))
        }
        // The link proved the sender's id; its incarnation may have grown since the link was made, never shrunk.
        let (from, proved) = (envelope.from, request.from.life)
        guard from.id == proved.id, from.incarnation >= proved.incarnation else {
            return .failure(PeerRefusal(code: "bad_request", message: "a message in another server's name"))
        }
        guard envelope.to == nil || envelope.to == ownLife else {
            let own = String(decoding: WireJSON.encode(ownLife), as: UTF8.self)
            return .failure(PeerRefusal(code: "other_life", message: own))
        }
        let acknowledgement = Ring.Acknowledgement(by: ownLife)
        handle(.messageReceived(envelope.message, from: from))
        return .success(PeerReply(body: acknowledgement.encoded))
    }

    private func report(_ observation: Ring.Observation) {
        events.note(observation)
        let name = String(String(describing: observation).prefix { $0 != "(" })
        metrics.count("rondo_ring_observations_total", "What the ring's machine saw.", labels: "kind=\"\(name)\"")
        switch observation {
        case .died(let life, let evidence, let unconfirmed):
            log.warning("a server died", ["life": life, "evidence": evidence.rawValue, "unconfirmed": unconfirmed])
        case .suspected(let life, let evidence):
            log.info("a server is suspect", ["life": life, "evidence": evidence.rawValue])
        case .joined(let members): log.info("is in the ring", ["members": members])
        case .alertLaunched(let alert, let failures):
            roundBegan = roundBegan ?? clock.now
            log.debug("an alert goes round", ["alert": alert, "failures": failures.count])
        case .alertAbsorbed(let alert, let other):
            if alert.origin.id == ownLife.id { roundBegan = nil }
            log.debug("an alert ends in another", ["alert": alert, "other": other])
        case .becameManager(let alert): roundEnded(alert)
        case .imbalanceStuck(let role, let missing):
            log.warning("a role is short and nobody can take it", ["role": role.name, "missing": missing])
        default: log.debug("ring", ["observation": "\(observation)"])
        }
    }

    private func roundEnded(_ alert: AlertID) {
        let round = clock.now - (roundBegan ?? clock.now)
        roundBegan = nil
        metrics.observe(
            "rondo_ring_alert_round_seconds", "From an alert's launch to its return.", round / .seconds(1),
            bounds: Self.roundBounds)
        log.info("is manager", ["alert": alert, "roundUs": Int(round / .microseconds(1))])
    }
}
