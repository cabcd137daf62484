import Model

/// How a server finds the ring, and other rings that it could merge with.
struct Joining: Sendable {
    /// Where members may be, in the order in which they were learnt.
    var contacts: [Ring.Contact] = []
    /// Whom this server asks next while it has not joined.
    var next = 0
    var attempts = 0
    var startTime = MonotonicTime.zero
    /// The machine began with a roster: the others know this server.
    var wasMember = false
    /// What the registry said last, and the roster's digest at which all contacts were in it.
    var lastLearnt: [Ring.Contact] = []
    var soughtDigest: UInt64?
    /// When a dead server is pinged next.
    var deadPingDue = MonotonicTime.zero
    /// Up to which minute after the start the dead have grown older.
    var minute: Int64 = 0
    /// More contacts than this are not kept.
    static let maximumContacts = 256
}

extension Ring {
    mutating func start(_ contacts: [Contact]) {
        joining.startTime = now
        joining.wasMember = roster.presentCount > 1
        changes.lastTime = now
        tokenRound.changedAt = now
        detector.lastSign = now
        let phase = Int64.random(in: 0..<configuration.probeInterval.nanoseconds, using: &generator)
        setTick(at: now + .nanoseconds(phase))
        setTimer(.second, at: now + .seconds(1) + .nanoseconds(phase))
        joining.deadPingDue = now + .nanoseconds(Int64.random(in: 0..<1_000_000_000, using: &generator))
        setTokenTimer()
        for life in links.observed { if let entry = roster[life.id] { startObserving(entry) } }
        add(contacts)
        if own.provisional { setTimer(.provisional, at: now + configuration.provisionalRest) }
        if joining.contacts.isEmpty { joined() } else { askNextContact() }
    }

    private mutating func startObserving(_ entry: RosterEntry) {
        effects.append(.watch(entry.life, at: entry.peerEndpoint))
        observe(entry, urgently: false)
    }

    /// Newer word about an address replaces the older, and stands behind it in the order. Whoever is in the ring keeps
    /// only strangers of what it learnt before: the others are in its roster.
    private mutating func add(_ contacts: [Contact]) {
        // What a registry says at every renewal is mostly what it said before.
        guard contacts != joining.lastLearnt else { return }
        joining.lastLearnt = contacts
        joining.soughtDigest = nil
        let others = contacts.suffix(Joining.maximumContacts).filter {
            $0.endpoint != own.peerEndpoint && $0.life?.id != id
        }
        var kept = hasJoined ? joining.contacts.filter(isStranger) : joining.contacts
        if !kept.isEmpty {
            let replaced = Set(others.map(\.endpoint))
            kept.removeAll { replaced.contains($0.endpoint) }
        }
        joining.contacts = kept + others
        let excess = joining.contacts.count - Joining.maximumContacts
        if excess > 0 { joining.contacts.removeFirst(excess) }
    }

    private mutating func askNextContact() {
        guard !joining.contacts.isEmpty else { return joined() }
        let contact = joining.contacts[joining.next % joining.contacts.count]
        joining.next += 1
        joining.attempts += 1
        // Whoever answers there will do: a contact's life may be out of date.
        send(
            .join(own), to: nil, at: contact.endpoint, within: confirmationWait, for: .join(contact))
        setTimer(.join, at: now + confirmationWait)
    }

    mutating func joinFailed(_ contact: Contact) {
        if !hasJoined { setTimer(.join, at: now + configuration.fastProbeInterval) }
    }

    /// Time to ask the next one, or the same one again; for ever, but serving alone after everyone was asked twice.
    mutating func joinTimerFired() {
        if !hasJoined {
            if joining.attempts >= 2 * joining.contacts.count { return joined() }
            return askNextContact()
        }
        seekStrangers()
    }

    mutating func receiveJoin(_ entry: RosterEntry) {
        guard entry.id != id else { return learnAboutSelf(entry, from: entry.life) }
        let isNews = learn([entry], isDirectFrom: entry.life)
        let known = roster[entry.id] ?? entry
        if known.life == entry.life, !known.isPresent { accuse(entry.life, known, at: entry.peerEndpoint) }
        sendWholeRoster(to: entry)
        if isNews { spread([entry]) }
    }

    private mutating func learn(_ entries: [RosterEntry], isDirectFrom sender: ServerLife) -> Bool {
        let before = roster.digest
        learn(entries, from: sender, isDirect: true)
        return roster.digest != before
    }

    /// The ring is found, or there is none: from now on this server takes part.
    mutating func joined() {
        guard !hasJoined else { return }
        hasJoined = true
        cancelTimer(.join)
        report(.joined(members: roster.presentCount))
        if !joining.wasMember { spread([own]) }
        changes.isDirty = true
        setRolesTimer(notBefore: now)
    }

    mutating func learn(contacts: [Contact]) {
        add(contacts)
        if hasJoined { seekStrangers() } else if !timers.isSet(.join) { askNextContact() }
    }

    /// Asks contacts that are not in the roster: behind them may be another ring.
    mutating func seekStrangers() {
        guard joining.soughtDigest != roster.digest else { return }
        let strangers = joining.contacts.filter(isStranger)
        if strangers.isEmpty { joining.soughtDigest = roster.digest }
        for contact in strangers { approach(contact) }
    }

    /// One held dead is told so, and one in a later life asked what is new: in a large ring it would have much to say
    /// to one that joins.
    private mutating func approach(_ contact: Contact) {
        guard !exchangesWhole, let life = contact.life, roster[life.id] != nil else {
            return send(.join(own), to: nil, at: contact.endpoint, for: .join(contact))
        }
        meet(life, at: contact.endpoint)
    }

    private func isStranger(_ contact: Contact) -> Bool {
        guard let life = contact.life else {
            return roster.clockwise(after: id, limit: 1) { $0.peerEndpoint == contact.endpoint }.isEmpty
        }
        guard let entry = roster[life.id] else { return true }
        return entry.incarnation < life.incarnation || (entry.life == life && entry.state == .dead)
    }

    /// Ages the dead, and looks for those who should be here.
    mutating func everySecond() {
        setTimer(.second, at: now + .seconds(1))
        ageDead()
        forgetOldSigns()
        tellDamped(again: true)
        endDamping()
        trips.everySecond(at: now)
        forgetOldRests()
        if roster.presentCount == 1, !joining.contacts.isEmpty, hasJoined { seekStrangers() }
        if own.provisional, now - joining.startTime >= configuration.provisionalTime { endProvisionalTime() }
        detector.declared = detector.declared.filter { roster[$0.id]?.state == .dead }
        exchange.lately = exchange.lately.filter { now - $0.value <= configuration.mergeRest }
        exchange.lastAccusation = exchange.lastAccusation.filter { now - $0.value <= configuration.mergeRest }
        exchange.lastExchange = exchange.lastExchange.filter { now - $0.value <= configuration.mergeRest }
    }

    /// The dead grow older by whole minutes, so that those who learnt of a death together give it the same age.
    private mutating func ageDead() {
        let minute = (now - joining.startTime).nanoseconds / 60_000_000_000
        guard minute != joining.minute else { return }
        let digest = roster.digest
        roster.ageDead(by: 60 * (minute - joining.minute), forgettingAfter: configuration.deadMemory)
        joining.minute = minute
        if roster.digest != digest { changes.isDirty = true }
    }

    /// One dead server a second, every other time one of those between the predecessor and this server.
    ///
    /// At a time of its own: if all that started together pinged together, a cut that is healed would be noticed up to
    /// a second later than by chance.
    mutating func pingDeadIfDue() {
        guard now >= joining.deadPingDue else { return }
        joining.deadPingDue = now + .seconds(1)
        guard roster.goneCount > 0 else { return }
        if let predecessor = links.predecessor, Bool.random(using: &generator) {
            let near = roster.dead(between: predecessor.id, and: id, limit: 64)
            if !near.isEmpty { return ping(dead: near[Int.random(in: 0..<near.count, using: &generator)]) }
        }
        if let chosen = roster.dead(at: Int.random(in: 0..<roster.goneCount, using: &generator)) { ping(dead: chosen) }
    }

    private mutating func ping(dead entry: RosterEntry) {
        sendProbe(.ping, to: entry.life, at: entry.peerEndpoint)
    }
}
