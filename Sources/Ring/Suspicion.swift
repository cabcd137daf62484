import Model

// From the first doubt about a server to its death or its acquittal (`docs/ring.md`).
extension Ring {
    /// A connection of an observed server broke: dial again to see whether anyone is there.
    mutating func connectionClosed(_ life: ServerLife) {
        guard let entry = roster[life.id], entry.life == life, entry.isPresent, !detector.dials.contains(life),
            links.observed.contains(life) || detector.watches[life.id] != nil
        else { return }
        detector.dials.insert(life)
        effects.append(.dial(life, at: entry.peerEndpoint, within: redialWait))
    }

    mutating func dialEnded(_ life: ServerLife, _ result: DialResult) {
        if endTwinCheck(life, result) { return }
        guard detector.dials.remove(life) != nil, let entry = roster[life.id], entry.life == life, entry.isPresent
        else { return }
        switch result {
        case .timedOut: suspect(life, .unanswered)
        case .refused, .answered(nil): provedGone(life)
        case .answered(let other?):
            if other == life { return watchAgain(entry) }
            // Where halves of a large ring meet, many go on in a later life before all know of it.
            if other.id == life.id, other.incarnation > life.incarnation, !exchangesWhole { return meet(other) }
            provedGone(life)
            meet(other, at: other.id == life.id ? entry.peerEndpoint : nil)
        }
    }

    /// It was only the connection that ended; the next end is to be noticed too.
    private mutating func watchAgain(_ entry: RosterEntry) {
        heard(entry.life)
        if links.observed.contains(entry.life) { keepConnection(to: entry) }
    }

    /// Keeps a connection whose end is evidence, but not yet to one about whom that was wrong a moment ago.
    mutating func keepConnection(to entry: RosterEntry) {
        if let rest = detector.rests[entry.id], now < rest.until { return setTimer(.rest(entry.id), at: rest.until) }
        effects.append(.watch(entry.life, at: entry.peerEndpoint))
    }

    mutating func restEnded(_ server: ServerID) {
        guard let entry = roster[server], links.observed.contains(entry.life) else { return }
        keepConnection(to: entry)
    }

    /// Where a firewall lets no connection through, a new one would be refused again at once, and again: until the
    /// rest is over, heartbeats alone show that the server lives. Doubles up to a minute while it goes on, in whatever
    /// life it refutes.
    private mutating func restFromConnecting(to server: ServerID) {
        var length = configuration.connectionRest
        if let last = detector.rests[server], now - last.until < configuration.connectionRestMaximum {
            length = min(last.length * 2, configuration.connectionRestMaximum)
        }
        detector.rests[server] = FailureDetector.Rest(until: now + length, length: length)
    }

    /// Rests that would not make the next one longer are forgotten.
    mutating func forgetOldRests() {
        guard !detector.rests.isEmpty else { return }
        detector.rests = detector.rests.filter { now - $0.value.until < configuration.connectionRestMaximum }
    }

    private mutating func provedGone(_ life: ServerLife) {
        if let demotion = detector.demotions[life.id], now < demotion.until { return suspect(life, .closed) }
        detector.declared.insert(life)
        declareDead(life, .closed, unconfirmed: false)
    }

    /// After a death that its victim refuted, this server's positive evidence about it is mere suspicion for a time.
    mutating func demote(after life: ServerLife) {
        guard detector.declared.remove(life) != nil else { return }
        let length = detector.demotions[life.id].map { min($0.length * 2, .seconds(3600)) } ?? configuration.demotion
        detector.demotions[life.id] = FailureDetector.Demotion(until: now + length, length: length)
    }

    /// Passes over a server and asks others about it.
    mutating func suspect(_ life: ServerLife, _ evidence: Evidence) {
        guard let entry = roster[life.id], entry.life == life, entry.state == .alive, detector.suspicions[life] == nil
        else { return }
        let witnesses = self.witnesses(of: entry)
        detector.suspicions[life] = FailureDetector.Suspicion(evidence: evidence, asked: witnesses.count)
        report(.suspected(life, evidence))
        changes.isDirty = true
        send(.accusation(entry), to: entry)
        for witness in witnesses { send(.probeRequest(subject: life, at: entry.peerEndpoint), to: witness) }
        if witnesses.isEmpty, evidence != .unanswered { return declareDead(life, evidence, unconfirmed: true) }
        let limit = witnesses.isEmpty ? configuration.silenceLimit : confirmationWait
        setTimer(.confirmation(life), at: now + limit)
        probeUrgently(after: life.id)
    }

    /// The second observer and two further servers.
    private func witnesses(of suspect: RosterEntry) -> [RosterEntry] {
        let accepts = { (entry: RosterEntry) in self.isLive(entry) && entry.id != self.id && entry.id != suspect.id }
        var chosen = roster.counterclockwise(before: suspect.id, limit: 1, where: accepts)
        for entry in roster.clockwise(after: suspect.id, limit: 3, where: accepts)
        where chosen.count < 3 && !chosen.contains(where: { $0.id == entry.id }) {
            chosen.append(entry)
        }
        return chosen
    }

    private mutating func probeUrgently(after server: ServerID) {
        detector.urgentUntil = now + configuration.silenceLimit
        for entry in live(after: server, limit: configuration.urgentPlaces) where entry.id != id {
            observe(entry, urgently: true)
        }
    }

    /// Nobody who was asked has answered in time.
    mutating func confirmationEnded(_ life: ServerLife) {
        guard let suspicion = detector.suspicions[life] else { return }
        declareDead(life, suspicion.evidence, unconfirmed: true)
    }

    mutating func receiveReport(_ subject: ServerLife, heard: Bool) {
        guard let suspicion = detector.suspicions[subject] else { return }
        if heard { clear(subject) } else { declareDead(subject, suspicion.evidence, unconfirmed: false) }
    }

    /// Somebody hears it, so it lives; that this server does not is nobody else's business.
    mutating func clear(_ life: ServerLife) {
        let suspicion = detector.suspicions.removeValue(forKey: life)
        cancelTimer(.confirmation(life))
        detector.watches[life.id]?.since = now
        detector.watches[life.id]?.unanswered = 0
        changes.isDirty = true
        report(.cleared(life))
        if let suspicion, suspicion.evidence != .silent { restFromConnecting(to: life.id) }
        if suspicion?.evidence == .unanswered, let entry = roster[life.id], links.observed.contains(life) {
            keepConnection(to: entry)
        }
    }

    private mutating func declareDead(_ life: ServerLife, _ evidence: Evidence, unconfirmed: Bool) {
        guard var entry = roster[life.id], entry.life == life, entry.isPresent else { return }
        entry.state = .dead
        entry.unconfirmed = unconfirmed
        report(.died(life, evidence, unconfirmed: unconfirmed))
        apply(entry)
        effects.append(.reportDeath(life))
        spread([entry])
        launchAlert([entry])
    }
}

// What a server does that is asked about another one's suspect.
extension Ring {
    mutating func inquire(_ subject: ServerLife, at endpoint: Endpoint, for asker: ServerLife) {
        if subject == own.life { return answer(asker, subject, heard: true) }
        if let entry = roster[subject.id], entry.incarnation > subject.incarnation || !entry.isPresent,
            entry.incarnation >= subject.incarnation
        {
            return answer(asker, subject, heard: false)
        }
        if isSilentHere(subject) { return answer(asker, subject, heard: false) }
        if detector.inquiries[subject] != nil {
            detector.inquiries[subject]?.askers.append(asker)
            return
        }
        detector.inquiries[subject] = FailureDetector.Inquiry(endpoint: endpoint, askers: [asker], since: now)
        setTimer(.inquiry(subject), at: now + inquiryWait)
        probeForInquiry(subject)
        tickSoon()
    }

    /// An observer that has missed answers for nearly as long as it takes agrees at once.
    private func isSilentHere(_ subject: ServerLife) -> Bool {
        // A connection that closed and could not be made anew is a reason to ask, and no answer: two who lost their
        // connections together would agree on a death without one probe.
        if detector.suspicions[subject]?.evidence == .silent { return true }
        guard let watch = detector.watches[subject.id], watch.life == subject,
            now - detector.tickDue <= configuration.tickGap
        else { return false }
        let limit = configuration.silenceLimit - configuration.probeInterval
        return watch.unanswered >= 3 && watch.silence(at: now) >= limit
    }

    mutating func probeForInquiry(_ subject: ServerLife) {
        guard var inquiry = detector.inquiries[subject],
            now - inquiry.lastProbe >= configuration.fastProbeInterval - .milliseconds(5)
        else { return }
        inquiry.lastProbe = now
        detector.inquiries[subject] = inquiry
        sendProbe(.ping, to: subject, at: inquiry.endpoint)
    }

    mutating func inquiryEnded(_ subject: ServerLife) {
        // Late by a gap of one's own: nothing was proved.
        guard now - detector.tickDue <= configuration.tickGap else { return detector.inquiries[subject] = nil }
        answerInquiry(subject, heard: false)
    }

    mutating func answerInquiry(_ subject: ServerLife, heard: Bool) {
        guard let inquiry = detector.inquiries.removeValue(forKey: subject) else { return }
        cancelTimer(.inquiry(subject))
        for asker in inquiry.askers { answer(asker, subject, heard: heard) }
    }

    private mutating func answer(_ asker: ServerLife, _ subject: ServerLife, heard: Bool) {
        guard let entry = roster[asker.id], entry.isPresent else { return }
        send(.probeReport(subject: subject, heard: heard), to: entry)
    }
}
