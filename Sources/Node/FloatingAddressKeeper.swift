internal import Model
internal import Peers
internal import Platform
internal import Ring
internal import Wire

/// Lets the `FloatingAddress` machine act: tells others, puts the address on the interface and takes it off.
///
/// Every server answers who asks, whether or not it has been given the address to hold.
@Loop
final class FloatingAddressKeeper {
    /// What one server says to another.
    private struct Message: Codable {
        var epoch: UInt64?
        var holder: ServerID?
        var isReleased: Bool?
        var isFresh: Bool

        init(_ word: FloatingAddress.Word) {
            epoch = word.claim?.epoch
            holder = word.claim?.holder
            isReleased = word.claim?.isReleased
            isFresh = word.isFresh
        }

        var word: FloatingAddress.Word {
            guard let epoch, let holder else { return FloatingAddress.Word(claim: nil, isFresh: false) }
            let claim = FloatingAddress.Claim(epoch: epoch, holder: holder, isReleased: isReleased ?? false)
            return FloatingAddress.Word(claim: claim, isFresh: isFresh)
        }
    }

    /// A holder whom nobody answers gives up after half a second, so nothing is waited for any longer.
    private static let patience = Duration.milliseconds(300)
    /// How long a server that could not put the address on leaves it to the others before it may try again.
    private static let rest = Duration.seconds(5)

    private var machine: FloatingAddress
    private let interface: (any InterfaceAddress)?
    private let ring: ServerRing
    private let peers: Peers
    private let clock: any Clock
    private let log: Logger
    private let metrics: Metrics
    /// Serves listeners at the address, once it is on the interface.
    private let serve: @Loop () throws -> Void
    private var timer: (any TimerHandle)?
    private var isStopped = false
    private var isServed = false
    private var wasAlone = false
    private var isReady = false
    /// Runs while this server leaves the address to the others.
    private var resting: (any TimerHandle)?
    /// Asks a registry, whose answer tells a server without others that it is not cut off.
    var askRegistry: @Loop () -> Void = {}

    init(
        interface: (any InterfaceAddress)?, ring: ServerRing, peers: Peers, clock: any Clock, log: Logger,
        metrics: Metrics, serve: @escaping @Loop () throws -> Void
    ) {
        machine = FloatingAddress(own: ring.own)
        self.interface = interface
        self.ring = ring
        self.peers = peers
        self.clock = clock
        self.log = log
        self.metrics = metrics
        self.serve = serve
        // What a process before this one may have left there.
        interface?.remove()
        peers.handle(.floatingAddress) { [weak self] in self?.answer($0) ?? .failure(Self.stopping) }
    }

    private static let stopping = PeerRefusal(code: "stopping", message: "this server is stopping")

    private func answer(_ request: PeerRequest) -> Result<PeerReply, PeerRefusal> {
        guard let message = try? WireJSON.decode(Message.self, from: request.header) else {
            return .failure(PeerRefusal(code: "bad_request", message: "no word of a floating address"))
        }
        handle(.told(message.word, by: request.from.life.id))
        return .success(PeerReply(header: WireJSON.encode(Message(machine.word(at: clock.now)))))
    }

    /// The ring or this server's part in it is not what it was.
    func rosterChanged(_ members: [RosterEntry], isReady: Bool) {
        let isAlone = ring.others.isEmpty
        if isAlone != wasAlone {
            wasAlone = isAlone
            handle(.solitudeChanged(ring.isAlone))
            if isAlone, !ring.isAlone { askRegistry() }
        }
        handle(
            .rosterChanged(
                members: members.map(\.id), routers: Set(members.filter { $0.role == .router }.map(\.id))))
        self.isReady = isReady
        tellReadiness()
    }

    private func tellReadiness() { handle(.readinessChanged(isReady && interface != nil && resting == nil)) }

    /// A registry has answered, so that this server is not cut off.
    func registryAnswered() {
        if wasAlone { handle(.solitudeChanged(true)) }
    }

    func stop() {
        handle(.readinessChanged(false))
        isStopped = true
        timer?.cancel()
        resting?.cancel()
    }

    private func handle(_ event: FloatingAddress.Event) {
        guard !isStopped else { return }
        var effects: [FloatingAddress.Effect] = []
        machine.handle(event, at: clock.now, into: &effects)
        for effect in effects { perform(effect) }
        guard !effects.isEmpty, interface != nil else { return }
        metrics.set(
            "rondo_floating_address_held", "Whether this server has the floating address.",
            to: machine.isHolding ? 1 : 0)
    }

    private func perform(_ effect: FloatingAddress.Effect) {
        switch effect {
        case .take(let claim):
            // An announcement follows, which puts it on.
            log.info("takes the floating address", ["epoch": claim.epoch])
        case .release:
            log.info("gives the floating address back")
            interface?.remove()
        case .announce: put()
        case .tell(let server): Loop.spawn("floating.tell") { [self] in await tell(server) }
        case .setTimer(let time):
            timer?.cancel()
            timer = clock.schedule(at: time) { [weak self] in self?.handle(.timerFired) }
        }
    }

    /// Puts the address on or renews it, and says so on the network; who cannot lets others have it for a while: rights
    /// may be missing, or the interface may be gone.
    private func put() {
        do {
            try interface?.put()
            try interface?.announce()
            if !isServed { try serve() }
            isServed = true
        } catch {
            log.error(
                "the floating address cannot be used; it needs CAP_NET_ADMIN and CAP_NET_RAW", ["error": "\(error)"])
            guard resting == nil else { return }
            resting = clock.schedule(at: clock.now + Self.rest) { [weak self] in
                self?.resting = nil
                self?.tellReadiness()
            }
            // The machine is at work on what led here.
            Loop.spawn("floating.fail") { [self] in tellReadiness() }
        }
    }

    private func tell(_ server: ServerID) async {
        guard let address = ring.address(of: server) else { return }
        let toldAt = clock.now
        let header = WireJSON.encode(Message(machine.word(at: toldAt)))
        guard
            let reply = try? await peers.request(
                .floatingAddress, to: address, header: header, deadline: toldAt + Self.patience),
            let message = try? WireJSON.decode(Message.self, from: reply.header)
        else { return }
        handle(.answered(message.word, by: server, toldAt: toldAt))
    }
}
