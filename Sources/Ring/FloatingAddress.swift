package import Model

/// Which Router has the cluster's floating address, the one that listeners know who know no name.
///
/// Its holder claims it with an epoch and tells a few others several times a second; whoever hears nothing any more for
/// longer than the holder may hold unheard takes it with the next epoch, the next Router clockwise first. It is VRRP
/// (RFC 9568) with two differences: the ring says at once that a holder is dead, and a holder that nobody answers gives
/// up by itself, before anybody else may take.
///
/// Two Routers have it at the same time only where they cannot hear each other, each on its side of a split, or where a
/// holder's process is stopped and cannot give up; then the higher epoch is the one that is announced.
package struct FloatingAddress: Sendable {
    /// That a server has the address, or had it and gave it back. The higher one counts.
    package struct Claim: Hashable, Comparable, Sendable {
        package var epoch: UInt64
        package var holder: ServerID
        /// Whether the holder has given it back.
        package var isReleased: Bool

        package init(epoch: UInt64, holder: ServerID, isReleased: Bool = false) {
            self.epoch = epoch
            self.holder = holder
            self.isReleased = isReleased
        }

        package static func < (left: Claim, right: Claim) -> Bool {
            if (left.epoch, left.holder) != (right.epoch, right.holder) {
                return (left.epoch, left.holder) < (right.epoch, right.holder)
            }
            return !left.isReleased && right.isReleased
        }
    }

    /// Times, chosen so that a holder has given up before another one takes.
    package struct Configuration: Hashable, Sendable {
        /// Between two claims of the holder, and between two looks of the others.
        package var interval = Duration.milliseconds(100)
        /// How long a holder holds after the last claim that somebody answered, counted from when it was sent.
        package var lease = Duration.milliseconds(500)
        /// How long the next Router hears nothing before it takes.
        package var lapse = Duration.milliseconds(600)
        /// What each Router further on waits longer, in case the one before it cannot.
        package var step = Duration.milliseconds(150)
        /// How long a server that has heard of no claim asks for one before it makes the first.
        package var silence = Duration.seconds(1)
        /// Between two announcements on the network, for those who missed one.
        package var announcement = Duration.milliseconds(500)
        /// To how many others the holder tells its claim.
        package var witnesses = 4

        package init() {}
    }

    /// What one server says to another, which answers with the same.
    package struct Word: Hashable, Sendable {
        /// The highest claim that it knows.
        package var claim: Claim?
        /// Whether the holder itself told it within the time in which others would take.
        package var isFresh: Bool

        package init(claim: Claim?, isFresh: Bool) {
            self.claim = claim
            self.isFresh = isFresh
        }
    }

    /// What a server is told.
    package enum Event: Hashable, Sendable {
        /// The live servers in the order of the ring, this one and suspects among them, and which are Routers.
        case rosterChanged(members: [ServerID], routers: Set<ServerID>)
        /// Whether this server could serve listeners at the address: a Router, ready, and not leaving.
        case readinessChanged(Bool)
        /// Whether a server that sees no other one may think that there is none: where a registry answers it, or where
        /// there never was another one. Else it is cut off.
        case solitudeChanged(Bool)
        case told(Word, by: ServerID)
        /// A server answered what this one told it at that time.
        case answered(Word, by: ServerID, toldAt: MonotonicTime)
        case timerFired
    }

    /// What is to be done.
    package enum Effect: Hashable, Sendable {
        /// This server has the address from now on; `announce` follows.
        case take(Claim)
        /// Take it off.
        case release
        /// Put the address on the interface, or keep it there, and say on the network whose hardware address it is.
        case announce
        /// Tell `word`, and report the answer with `answered`.
        case tell(ServerID)
        case setTimer(MonotonicTime)
    }

    private let own: ServerID
    private let configuration: Configuration
    /// The highest claim that this server has heard of.
    package private(set) var known: Claim?
    /// Whether this server has the address.
    package private(set) var isHolding = false
    private var members: [ServerID] = []
    private var routers: Set<ServerID> = []
    private var isReady = false
    private var mayBeAlone = false
    /// When it was last known that the holder is there, by its own word or by that of one who has it fresh.
    private var heardAt: MonotonicTime?
    /// When the holder itself said so.
    private var toldAt: MonotonicTime?
    /// Since when nobody has it: the holder is no live Router any more, or has given it back.
    private var vacantSince: MonotonicTime?
    private var readySince: MonotonicTime?
    /// When a word was sent that somebody answered, the last one.
    private var answeredAt: MonotonicTime?
    private var announcedAt: MonotonicTime?

    package init(own: ServerID, configuration: Configuration = Configuration()) {
        self.own = own
        self.configuration = configuration
    }

    /// Takes one event in.
    package mutating func handle(_ event: Event, at now: MonotonicTime, into effects: inout [Effect]) {
        switch event {
        case .rosterChanged(let members, let routers): update(members, routers, now, &effects)
        case .readinessChanged(let isReady): becomeReady(isReady, now, &effects)
        case .solitudeChanged(let mayBeAlone): self.mayBeAlone = mayBeAlone
        case .told(let word, let server): learn(word, from: server, now, &effects)
        case .answered(let word, let server, let toldAt):
            learn(word, from: server, now, &effects)
            answeredAt = max(answeredAt ?? toldAt, toldAt)
            if isReady, !isHolding, isDue(now), isAnswered(now) { take(now, &effects) }
        case .timerFired: look(now, &effects)
        }
    }

    /// What this server says, and answers.
    package func word(at now: MonotonicTime) -> Word {
        let isFresh = isHolding || toldAt.map { now - $0 < configuration.lapse } ?? false
        return Word(claim: known, isFresh: isFresh && known?.isReleased == false)
    }

    // MARK: What is known

    private mutating func update(
        _ members: [ServerID], _ routers: Set<ServerID>, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        let newcomers = members.filter { $0 != own && !self.members.contains($0) }
        (self.members, self.routers) = (members, routers)
        // Where two parts of a ring meet, the two holders do.
        if isHolding { effects += newcomers.map(Effect.tell) }
        noteVacancy(now, &effects)
    }

    private mutating func becomeReady(_ isReady: Bool, _ now: MonotonicTime, _ effects: inout [Effect]) {
        guard isReady != self.isReady else { return }
        self.isReady = isReady
        readySince = isReady ? now : nil
        if isReady { look(now, &effects) } else if isHolding { resign(now, &effects) }
    }

    private mutating func learn(_ word: Word, from server: ServerID, _ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let claim = word.claim else { return }
        if let known, claim < known { return }
        if claim != known {
            if isHolding { release(&effects) }
            (known, toldAt) = (claim, nil)
            heardAt = now
        }
        if claim.holder == server { toldAt = now }
        if word.isFresh { heardAt = now }
        noteVacancy(now, &effects)
    }

    /// The next one takes at once what has become vacant.
    private mutating func noteVacancy(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let known, !isHolding, known.isReleased || !routers.contains(known.holder) || known.holder == own else {
            return vacantSince = nil
        }
        guard vacantSince == nil else { return }
        vacantSince = now
        if isReady { consider(now, &effects) }
    }

    // MARK: What is done about it

    private mutating func look(_ now: MonotonicTime, _ effects: inout [Effect]) {
        if isHolding { hold(now, &effects) } else if isReady { consider(now, &effects) }
        if isReady { effects.append(.setTimer(now + configuration.interval)) }
    }

    private mutating func hold(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard isAnswered(now) else {
            // Cut off, or stopped for a while: somebody else may have it by now.
            release(&effects)
            return noteVacancy(now, &effects)
        }
        effects += witnesses.map(Effect.tell)
        if now - (announcedAt ?? now) >= configuration.announcement { announce(now, &effects) }
    }

    /// Nobody takes the address whom nobody hears: who would take it asks first.
    private mutating func consider(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard known == nil || isDue(now) else { return }
        if isDue(now), witnesses.isEmpty, mayBeAlone { return take(now, &effects) }
        effects += witnesses.map(Effect.tell)
    }

    /// Whether it is this server's turn to take the address.
    private func isDue(_ now: MonotonicTime) -> Bool {
        guard let known else {
            let rank = routers.filter { $0 < own }.count
            return readySince.map { now - $0 >= configuration.silence + configuration.step * rank } ?? false
        }
        let rank = rank(after: known.holder)
        if let vacantSince { return now - vacantSince >= configuration.step * rank }
        // Those further on are not told often enough to know.
        guard rank < configuration.witnesses, let heardAt else { return false }
        return now - heardAt >= configuration.lapse + configuration.step * rank
    }

    /// Whether others hear this server, or there are none.
    private func isAnswered(_ now: MonotonicTime) -> Bool {
        if witnesses.isEmpty, mayBeAlone { return true }
        return answeredAt.map { now - $0 < configuration.lease } ?? false
    }

    private mutating func take(_ now: MonotonicTime, _ effects: inout [Effect]) {
        let claim = Claim(epoch: (known?.epoch ?? 0) + 1, holder: own)
        (known, isHolding, vacantSince) = (claim, true, nil)
        (heardAt, toldAt) = (now, now)
        effects.append(.take(claim))
        announce(now, &effects)
        effects += members.filter { $0 != own }.map(Effect.tell)
    }

    private mutating func announce(_ now: MonotonicTime, _ effects: inout [Effect]) {
        announcedAt = now
        effects.append(.announce)
    }

    private mutating func release(_ effects: inout [Effect]) {
        isHolding = false
        effects.append(.release)
    }

    /// Gives it back in order, so that the next one need not wait.
    private mutating func resign(_ now: MonotonicTime, _ effects: inout [Effect]) {
        release(&effects)
        known = Claim(epoch: (known?.epoch ?? 0) + 1, holder: own, isReleased: true)
        heardAt = now
        effects += members.filter { $0 != own }.map(Effect.tell)
        noteVacancy(now, &effects)
    }

    // MARK: Who

    /// Those to whom the holder tells its claim: the next Routers clockwise; where there are fewer than two, others.
    private var witnesses: [ServerID] {
        let others = clockwise(from: own).filter { $0 != own }
        let next = others.filter(routers.contains).prefix(configuration.witnesses)
        return Array(next) + (next.count < 2 ? others.filter { !routers.contains($0) }.prefix(2) : [])
    }

    /// How many live Routers stand clockwise between the holder and this server.
    private func rank(after holder: ServerID) -> Int {
        let order = clockwise(from: holder).filter { $0 == own || $0 != holder && routers.contains($0) }
        return order.firstIndex(of: own) ?? 0
    }

    /// The members behind an id, once round the ring, the one of this id last.
    private func clockwise(from id: ServerID) -> [ServerID] {
        members.filter { $0 > id } + members.filter { $0 <= id }
    }
}
