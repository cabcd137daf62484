package import Model

/// One server's part in the ring, as a pure value: what it knows, whom it observes, what it decides.
///
/// Events go in with the time, effects come out; there is no clock, socket, disk or randomness in it, so the same code
/// runs in the real server and in the simulator. The rules are one file each; `docs/ring.md` is the walk through them.
package struct Ring: Sendable {
    package let configuration: Configuration
    /// All that is known of all servers; this server's own entry is always in it.
    package internal(set) var roster: Roster
    /// This server's own entry, as it is in the roster.
    package internal(set) var own: RosterEntry
    /// This server's place among the live.
    package internal(set) var links: Links
    /// The highest epoch seen.
    package internal(set) var epoch = Epoch.none
    /// The last token known.
    package internal(set) var token = TokenMark.none
    /// A role that is short and that nobody may take, for `status`.
    package internal(set) var stuckRole: Role?
    /// Whether this server has found the ring, or made sure that there is none.
    package internal(set) var hasJoined = false

    /// This server's id.
    package let id: ServerID
    /// Of this process: what names a lower one was meant for an earlier process of this server.
    let firstIncarnation: Incarnation
    var generator: SeededGenerator
    var now = MonotonicTime.zero
    var load = 0
    var effects: [Effect] = []
    var timers = TimerGenerations()
    var outbox = Outbox()
    var trips = RoundTrips()
    var changes = RosterChanges()
    var detector = FailureDetector()
    var exchange = Exchange()
    var joining = Joining()
    var rounds = AlertRounds()
    var manager = Manager()
    var tokenRound = TokenRound()
    var renewal = Renewal()
    var flaps = Flaps()

    /// - Parameters:
    ///   - roster: what is known already; a real server starts with nothing and asks its contacts.
    ///   - seed: for choices among equals; any number.
    package init(
        configuration: Configuration = Configuration(), identity: Identity, roster: Roster = Roster(), seed: UInt64
    ) {
        self.configuration = configuration
        id = identity.entry.id
        firstIncarnation = identity.entry.incarnation
        generator = SeededGenerator(seed: seed)
        var own = identity.entry
        own.provisional = own.provisional && !identity.roleIsRemembered && !own.pinned
        self.roster = roster
        self.roster.merge(own)
        self.own = self.roster[id] ?? own
        links = Links(of: id, in: self.roster)
        detector.observers = self.roster.counterclockwise(before: id, limit: 2)
    }

    /// Takes one event and appends what is to be done about it, in order.
    package mutating func handle(_ event: Event, at time: MonotonicTime, into output: inout [Effect]) {
        now = max(now, time)
        swap(&effects, &output)
        if !renewal.hasLeft || event.concernsLeaver { dispatch(event) }
        settle()
        swap(&effects, &output)
    }

    private mutating func dispatch(_ event: Event) {
        switch event {
        case .started(let contacts): start(contacts)
        case .timerFired(let timer): if timers.isCurrent(timer) { fire(timer.kind) }
        case .probeReceived(let probe, let endpoint): receive(probe, from: endpoint)
        case .messageReceived(let message, let sender): receive(message, from: sender)
        case .messageAcknowledged(let message, let life): acknowledged(message, by: life)
        case .messageLost(let message, let reason): lost(message, reason)
        case .connectionClosed(let life): connectionClosed(life)
        case .dialEnded(let life, let result): dialEnded(life, result)
        case .contactsLearnt(let contacts): learn(contacts: contacts)
        case .incarnationPersisted(let incarnation): persisted(incarnation)
        case .roleAdopted(let role): adopted(role)
        case .chunkStored: endProvisionalTime()
        case .loadChanged(let load): self.load = load
        case .leaveRequested: announceLeave()
        case .leaveCompleted: completeLeave()
        }
    }

    private mutating func fire(_ kind: Timer.Kind) {
        switch kind {
        case .tick: tick()
        case .second: everySecond()
        case .confirmation(let life): confirmationEnded(life)
        case .rest(let server): restEnded(server)
        case .inquiry(let life): inquiryEnded(life)
        case .round: roundTimerFired()
        case .roles: rolesTimerFired()
        case .instruction: instructionTimerFired()
        case .provisional: provisionalTimerFired()
        case .token: tokenTimerFired()
        case .spread: flushSpread()
        case .join: joinTimerFired()
        case .leave: stopAfterLeave()
        }
    }

    private mutating func receive(_ message: Message, from sender: ServerLife) {
        if sender.id == id {
            // In this server's own name only the registry's word comes, that this life is over.
            if case .accusation(let entry) = message { learnAboutSelf(entry, from: sender) }
            return
        }
        switch message {
        case .join(let entry): receiveJoin(entry)
        case .roster(let roster, let wantsAnswer): receive(roster, from: sender, wantsAnswer: wantsAnswer)
        case .digests(let entry, let digests): receive(digests, entry, from: sender)
        case .part(let entries, let ranges, let wantsAnswer):
            receivePart(entries, of: ranges, from: sender, wantsAnswer: wantsAnswer)
        case .changes(let entries, let through): receiveChanges(entries, through: through, from: sender)
        case .alert(let alert): receive(alert, from: sender)
        case .imbalance(let imbalance): obey(imbalance)
        case .probeRequest(let subject, let endpoint): inquire(subject, at: endpoint, for: sender)
        case .probeReport(let subject, let heard): receiveReport(subject, heard: heard)
        case .accusation(let entry): learnAboutSelf(entry, from: sender)
        case .token(let mark): receive(mark)
        case .damping(let milliseconds): rest(for: .milliseconds(milliseconds))
        }
        heard(sender)
    }
}

extension Ring {
    /// Servers that this one suspects, and has passed over; nobody else is told.
    package var suspects: Set<ServerID> { Set(detector.suspicions.keys.map(\.id)) }

    /// What this server thinks of another: the roster's state, but `suspect` for one that it suspects itself.
    package func state(of server: ServerID) -> ServerState? {
        guard let entry = roster[server] else { return nil }
        return entry.state == .alive && detector.suspicions[entry.life] != nil ? .suspect : entry.state
    }

    /// When the rest after the last merge is over.
    package var restUntil: MonotonicTime { changes.restUntil }

    /// Whether a merge is so fresh that no repair may start: what looks missing may be about to return.
    package func isResting(at time: MonotonicTime) -> Bool { time < changes.restUntil }

    /// Alive in the roster and not suspected here.
    func isLive(_ entry: RosterEntry) -> Bool {
        entry.state == .alive && (detector.suspicions.isEmpty || detector.suspicions[entry.life] == nil)
    }

    /// The live servers clockwise after `server`, without it.
    func live(after server: ServerID, limit: Int = .max) -> [RosterEntry] {
        // Captures what it asks and not the whole machine, which would be copied for every entry in a debug build.
        let suspicions = detector.suspicions
        return roster.clockwise(after: server, limit: limit) {
            $0.state == .alive && (suspicions.isEmpty || suspicions[$0.life] == nil)
        }
    }

    mutating func report(_ observation: Observation) { effects.append(.report(observation)) }
}

extension Ring.Event {
    /// Whether it still matters to a server that has said goodbye.
    fileprivate var concernsLeaver: Bool {
        switch self {
        case .timerFired(let timer): timer.kind == .leave
        case .messageAcknowledged, .messageLost: true
        default: false
        }
    }
}
