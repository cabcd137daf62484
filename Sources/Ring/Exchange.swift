import Model

/// What is under way to bring two rosters together.
struct Exchange: Sendable {
    /// Another server's digest that differs from one's own, unchanged since `since`.
    struct Difference: Sendable {
        let theirs: UInt64
        let ours: UInt64
        let since: MonotonicTime
    }

    var differences: [ServerID: Difference] = [:]
    var lastExchange: [ServerID: MonotonicTime] = [:]
    /// When a server was last told what is said of it.
    var lastAccusation: [ServerID: MonotonicTime] = [:]
    var contested: Set<ServerLife> = []
    /// How many servers were told what is said of them because of what was exchanged, since when; and the most of them
    /// in `interval`.
    var accusations = 0
    var accusingSince = MonotonicTime(nanoseconds: .min / 2)
    static let maximumAccusations = 64
    /// When this server last began to compare rosters with anybody.
    var lastBegun = MonotonicTime(nanoseconds: .min / 2)
    static let interval: Duration = .milliseconds(100)
    /// Servers that were held dead a moment ago: what they tell of deaths is passed to the accused.
    var lately: [ServerID: MonotonicTime] = [:]
}

extension Ring {
    /// Starts an exchange with a server whose roster has differed for longer than news needs to spread.
    mutating func compare(_ digest: UInt64, of life: ServerLife) {
        guard digest != roster.digest, let entry = roster[life.id], entry.life == life, entry.isPresent else {
            if !exchange.differences.isEmpty { exchange.differences[life.id] = nil }
            return
        }
        guard let known = exchange.differences[life.id], known.theirs == digest, known.ours == roster.digest else {
            exchange.differences[life.id] = Exchange.Difference(theirs: digest, ours: roster.digest, since: now)
            return
        }
        guard now - known.since >= configuration.probeInterval / 2 else { return }
        exchange.differences[life.id] = nil
        offerRoster(to: life, at: entry.peerEndpoint)
    }

    /// Begins to compare rosters, at most every 100 ms with one server; in large rings with one every 100 ms: where
    /// halves meet, everybody meets somebody that it does not know, and much of what it would read is on its way.
    mutating func offerRoster(to life: ServerLife, at endpoint: Endpoint) {
        if let last = exchange.lastExchange[life.id], now - last < Exchange.interval { return }
        if !exchangesWhole, now - exchange.lastBegun < Exchange.interval { return }
        exchange.lastExchange[life.id] = now
        exchange.lastBegun = now
        sendRoster(to: life, at: endpoint)
    }

    /// A sign from a life that is unknown here, or over.
    mutating func meet(_ life: ServerLife, at endpoint: Endpoint? = nil) {
        guard life.id != id else { return }
        guard let entry = roster[life.id] else {
            if let endpoint { offerRoster(to: life, at: endpoint) }
            return
        }
        if life.incarnation > entry.incarnation {
            // In a large ring what is known of it is the shortest question for its entry.
            if !exchangesWhole { return accuse(life, entry, at: endpoint ?? entry.peerEndpoint) }
            return offerRoster(to: life, at: endpoint ?? entry.peerEndpoint)
        }
        guard life == entry.life, !entry.isPresent else { return }
        accuse(life, entry, at: endpoint ?? entry.peerEndpoint)
    }

    /// Tells a server what is said of it, at most every 200 ms.
    mutating func accuse(_ life: ServerLife, _ entry: RosterEntry, at endpoint: Endpoint) {
        if let last = exchange.lastAccusation[life.id], now - last < .milliseconds(200) { return }
        exchange.lastAccusation[life.id] = now
        exchange.lately[life.id] = now
        send(.accusation(entry), to: life, at: endpoint)
    }

    mutating func receive(_ other: Roster, from sender: ServerLife, wantsAnswer: Bool) {
        let presentBefore = roster.presentCount
        if other.digest != roster.digest { learn(other.entries, from: sender, isDirect: false) }
        if roster.presentCount > presentBefore + 1 { report(.merged(returned: roster.presentCount - presentBefore)) }
        if wantsAnswer, other.digest != roster.digest, let entry = roster[sender.id] {
            send(.roster(roster, wantsAnswer: false), to: sender, at: entry.peerEndpoint)
        }
        joined()
    }

    /// Merges what another server tells, but for deaths that have to be checked first.
    /// - Parameter isDirect: told by the server that made the change; else it is passed on here.
    mutating func learn(_ entries: [RosterEntry], from sender: ServerLife, isDirect: Bool) {
        let trusts = isTrusted(sender)
        var news: [RosterEntry] = []
        if exchangesWhole { exchange.accusations = 0 }
        for entry in isDirect ? entries : fromOwnPlace(entries) where entry.state != .suspect {
            if entry.id == id {
                learnAboutSelf(entry, from: sender)
            } else if learn(entry, from: sender, trusts: trusts, isDirect: isDirect) {
                news.append(entry)
            }
        }
        // A newcomer has nobody to tell what it has just been told.
        if !isDirect, hasJoined, !news.isEmpty { spread(news) }
    }

    /// In the order of the ring from this server on, so that of many that have to be asked every server asks others.
    private func fromOwnPlace(_ entries: [RosterEntry]) -> [RosterEntry] {
        guard entries.count > Exchange.maximumAccusations else { return entries }
        return entries.filter { $0.id > id } + entries.filter { $0.id <= id }
    }

    /// Not of one held dead or suspect, now or a moment ago: what it holds dead may be its own lost half.
    private func isTrusted(_ sender: ServerLife) -> Bool {
        guard let entry = roster[sender.id], entry.isPresent, detector.suspicions[sender] == nil else { return false }
        guard let lately = exchange.lately[sender.id] else { return true }
        return now - lately > configuration.mergeRest
    }

    private mutating func learn(_ entry: RosterEntry, from sender: ServerLife, trusts: Bool, isDirect: Bool) -> Bool {
        guard let known = roster[entry.id] else { return apply(entry) }
        if entry.supersedes(known) {
            if entry.state == .dead, known.isPresent, known.incarnation == entry.incarnation {
                let since = now - configuration.recentlyHeard
                if !trusts || !isDirect || detector.heardRecently(known.life, since: since) {
                    contest(entry)
                    return false
                }
            }
            return apply(entry)
        }
        if known.state == .dead, entry.isPresent, entry.incarnation == known.incarnation, !isDirect {
            // The sender holds it for alive: let it say so itself, with a higher incarnation.
            if mayAccuse() { accuse(entry.life, known, at: entry.peerEndpoint) }
        } else {
            // Merges the age of a death.
            roster.merge(entry)
        }
        return false
    }

    /// Passes a death to the accused; it refutes, or does not answer.
    private mutating func contest(_ entry: RosterEntry) {
        guard !exchange.contested.contains(entry.life), mayAccuse() else { return }
        exchange.contested.insert(entry.life)
        changes.rush.note(at: now, gone: roster.goneCount)
        send(
            .accusation(entry), to: entry.life, at: entry.peerEndpoint, within: confirmationWait,
            for: .contest(entry, since: now))
    }

    /// Whether one more server may be asked because of what one message told, or in large rings those of 100 ms. Where
    /// the halves of a large ring meet, everyone meets somebody: each asks some, and the rest comes with the next
    /// exchange.
    private mutating func mayAccuse() -> Bool {
        if now - exchange.accusingSince >= Exchange.interval {
            (exchange.accusingSince, exchange.accusations) = (now, 0)
        }
        exchange.accusations += 1
        return exchange.accusations <= Exchange.maximumAccusations
    }

    mutating func contestEnded(_ entry: RosterEntry, since: MonotonicTime, _ reason: LossReason) {
        exchange.contested.remove(entry.life)
        // A later life of the accused is there: it has refuted, or has started again, and is asked for its word.
        if case .answeredBy(let life) = reason, life.id == entry.id, life.incarnation > entry.incarnation { return }
        guard let known = roster[entry.id], known.life == entry.life, known.isPresent,
            !detector.heardRecently(entry.life, since: since + .nanoseconds(1))
        else { return }
        apply(entry)
        spread([entry])
    }
}
