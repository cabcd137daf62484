import Model

/// The alerts that this server has launched, carries, or knows of.
struct AlertRounds: Sendable {
    /// This server's own round, until it is back or yields to a smaller origin's.
    struct OwnRound: Sendable {
        var alert: AlertID
        var failures: [ServerLife: RosterEntry]
        var attempts = 1
    }

    /// The round with the smallest origin that passed here.
    struct Known: Sendable {
        let alert: AlertID
        let failures: Set<ServerLife>
        let time: MonotonicTime
    }

    var own: OwnRound?
    var best: Known?
    var sequence: UInt64 = 0
    var seen: [AlertID] = []
    /// Failures whose round this server took over, and when.
    var takenOver: [(failures: Set<ServerLife>, time: MonotonicTime)] = []
    /// After so many lost rounds the origin decides on its own roster.
    static let maximumAttempts = 5
    /// Another server's round counts as under way for so long.
    static let lifetime: Duration = .seconds(2)
    static let remembered = 64
    /// A round about the same failures is taken over once in so long.
    static let takingOver: Duration = .seconds(10)

    /// - Returns: whether no round about these failures was taken over lately.
    mutating func takeOver(_ failures: Set<ServerLife>, at now: MonotonicTime) -> Bool {
        takenOver.removeAll { now - $0.time >= AlertRounds.takingOver }
        guard !takenOver.contains(where: { $0.failures.isSuperset(of: failures) }) else { return false }
        takenOver.append((failures, now))
        return true
    }

    /// - Returns: whether the alert is new here.
    mutating func remember(_ alert: AlertID) -> Bool {
        guard !seen.contains(alert) else { return false }
        seen.append(alert)
        if seen.count > AlertRounds.remembered { seen.removeFirst() }
        return true
    }
}

extension Ring {
    /// Starts a round about failures that this server found, or adds them to its round under way.
    mutating func launchAlert(_ failures: [RosterEntry]) {
        var all = rounds.own?.failures ?? [:]
        for failure in failures { all[failure.life] = failure }
        // Whoever's round has passed here with the same failures: its origin sees to them.
        if rounds.own == nil, let best = rounds.best, now - best.time < AlertRounds.lifetime,
            best.failures.isSuperset(of: all.keys), roster[best.alert.origin.id]?.isPresent == true
        {
            return
        }
        rounds.own = AlertRounds.OwnRound(alert: nextAlert(), failures: all, attempts: rounds.own?.attempts ?? 1)
        if isResting(at: now) { setTimer(.round, at: changes.restUntil) } else { sendRound() }
    }

    private mutating func nextAlert() -> AlertID {
        rounds.sequence += 1
        return AlertID(origin: own.life, sequence: rounds.sequence)
    }

    private mutating func sendRound() {
        guard let round = rounds.own else { return }
        let failures = round.failures.values.filter { roster[$0.id].map { !$0.isPresent } ?? true }
        // All have come back: there is nothing to tell, and the returns have their own look at the roles.
        if failures.isEmpty { return endRound() }
        report(.alertLaunched(round.alert, failures: failures.map(\.life).sorted()))
        setTimer(.round, at: now + roundWait * min(round.attempts, 8))
        var alert = Alert(
            id: round.alert, failures: failures.sorted { $0.life < $1.life }, epoch: epoch, rows: [],
            counts: RoleCounts(),
            visited: 0, unheard: [], hops: 0)
        addRow(to: &alert)
        forward(alert)
    }

    private mutating func endRound() {
        rounds.own = nil
        cancelTimer(.round)
    }

    /// The round is not back in time, or its rest is over: again, with a new name.
    mutating func roundTimerFired() {
        guard var round = rounds.own else { return }
        if isResting(at: now) { return setTimer(.round, at: changes.restUntil) }
        guard round.attempts < AlertRounds.maximumAttempts else { return becomeManager(round) }
        round.attempts += 1
        round.alert = nextAlert()
        rounds.own = round
        sendRound()
    }

    private func addRow(to alert: inout Alert) {
        let own = self.own
        alert.counts[own.role] += own.leaving ? 0 : 1
        alert.visited ^= own.digest
        guard roster.presentCount <= configuration.rowLimit else { return }
        alert.rows.append(AlertRow(life: own.life, role: own.role, address: own.host, load: load))
    }

    /// Hands the alert to the next live server clockwise that has not failed to take it, at last to its origin.
    private mutating func forward(_ alert: Alert) {
        let unheard = Set(alert.unheard.map(\.id))
        let next = live(after: id, limit: unheard.count + 1).first { !unheard.contains($0.id) }
        guard let next else {
            // Nobody is left: the round is this server alone.
            return alert.id.origin.id == id ? returned(alert) : takeOver(alert)
        }
        if alert.id.origin.id != id, isPastOrigin(next.id, alert) { return takeOver(alert) }
        send(.alert(alert), to: next, within: hopWait, for: .hop(alert, to: next.life))
    }

    /// Whether the way to `next` leads over the origin, which therefore is not there any more.
    private func isPastOrigin(_ next: ServerID, _ alert: Alert) -> Bool {
        let origin = alert.id.origin.id
        return id.clockwiseDistance(to: origin) < id.clockwiseDistance(to: next)
    }

    mutating func hopFailed(_ alert: Alert, to life: ServerLife) {
        var alert = alert
        alert.unheard.append(life)
        report(.alertSkipped(alert.id, unheard: life))
        forward(alert)
    }

    /// The origin does not take its own alert back: this server goes on in its place.
    private mutating func takeOver(_ alert: Alert) {
        rounds.best = nil
        // Where no hop is acknowledged in time everyone would take it over from everyone, again and again.
        let isFirst = rounds.takeOver(Set(alert.failures.map(\.life)), at: now)
        if isFirst { return launchAlert(alert.failures) }
        if rounds.own == nil { decideAlone(alert.failures) }
    }

    /// No round comes to an end: this server decides on its own roster.
    private mutating func decideAlone(_ failures: [RosterEntry]) {
        let known = Dictionary(failures.map { ($0.life, $0) }) { first, _ in first }
        becomeManager(AlertRounds.OwnRound(alert: nextAlert(), failures: known))
    }

    mutating func receive(_ alert: Alert, from sender: ServerLife) {
        epoch = max(epoch, alert.epoch)
        guard rounds.remember(alert.id), alert.hops <= 2 * max(roster.presentCount, 8) else { return }
        learn(alert.failures, from: sender, isDirect: true)
        for life in alert.unheard where detector.watches[life.id]?.life == life { tickSoon() }
        if alert.id.origin.id == id { return alert.id == rounds.own?.alert ? returned(alert) : () }
        guard let joint = joinRounds(alert) else { return }
        rounds.best = AlertRounds.Known(
            alert: joint.id, failures: Set(joint.failures.map(\.life)), time: now)
        var passed = joint
        passed.hops += 1
        passed.epoch = max(passed.epoch, epoch)
        addRow(to: &passed)
        forward(passed)
    }

    /// Makes one round of several: the smallest origin's goes on with the failures of all, the others end here.
    /// - Returns: the alert that goes on, or nil for one that ends here.
    private mutating func joinRounds(_ alert: Alert) -> Alert? {
        if let own = rounds.own {
            guard alert.id.origin.id < id else {
                report(.alertAbsorbed(alert.id, by: own.alert))
                for failure in alert.failures { rounds.own?.failures[failure.life] = failure }
                return nil
            }
            report(.alertAbsorbed(own.alert, by: alert.id))
            endRound()
            var joint = alert
            joint.failures += own.failures.values.filter { !alert.failures.map(\.life).contains($0.life) }
            joint.failures.sort { $0.life < $1.life }
            return joint
        }
        guard let best = rounds.best, now - best.time < AlertRounds.lifetime, best.alert.origin.id < alert.id.origin.id,
            let origin = roster[best.alert.origin.id], origin.isPresent
        else { return alert }
        report(.alertAbsorbed(alert.id, by: best.alert))
        let news = alert.failures.filter { !best.failures.contains($0.life) }
        if !news.isEmpty { send(.changes(news, through: nil), to: origin) }
        return nil
    }

    /// The own alert is back: if it met everyone once, this server is manager, else rosters are exchanged and it goes
    /// again.
    private mutating func returned(_ alert: Alert) {
        guard let round = rounds.own else { return }
        if round.attempts < AlertRounds.maximumAttempts, !isWhole(alert) {
            for entry in missed(by: alert) { offerRoster(to: entry.life, at: entry.peerEndpoint) }
            return setTimer(.round, at: now + hopWait * 2)
        }
        becomeManager(round)
    }

    /// Whether the rows are the live roster, and their clockwise distances sum to exactly one turn.
    func isWhole(_ alert: Alert) -> Bool {
        guard roster.presentCount <= configuration.rowLimit else {
            return !alert.unheard.isEmpty || alert.visited == roster.present.filter(isLive).reduce(0) { $0 ^ $1.digest }
        }
        return missed(by: alert).isEmpty && AlertRow.turns(alert.rows) == 1
            && alert.rows.allSatisfy { roster[$0.life.id]?.isPresent == true }
    }

    private func missed(by alert: Alert) -> [RosterEntry] {
        let known = Set(alert.rows.map(\.life.id)).union(alert.unheard.map(\.id))
        return roster.present.filter { isLive($0) && !known.contains($0.id) }
    }

    private mutating func becomeManager(_ round: AlertRounds.OwnRound) {
        endRound()
        manager.isManaging = true
        report(.becameManager(round.alert))
        for life in round.failures.keys.sorted() where roster[life.id]?.isPresent != true {
            effects.append(.reportDeath(life))
        }
        manageRoles()
    }
}

extension AlertRow {
    /// How many whole turns the way along the rows and back to the first makes; a loopy ring makes two or more.
    static func turns(_ rows: [AlertRow]) -> Int {
        guard let first = rows.first else { return 0 }
        var turns = 0
        for (row, next) in zip(rows, rows.dropFirst() + [first]) where next.life.id <= row.life.id { turns += 1 }
        return turns
    }
}
