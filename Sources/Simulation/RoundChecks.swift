package import Model
package import Ring

/// An alert's round that made a manager.
package struct FinishedRound: Hashable, Sendable {
    package let time: MonotonicTime
    package let manager: Int
    package let id: AlertID
    /// The alert as it came back, nil where the manager gave up waiting and decided by its own roster.
    package let alert: Alert?
    /// Who lived by the manager's roster, and who did in truth, in the order of their ids.
    package let live: [ServerLife]
    package let running: [ServerLife]
    /// Whom the manager suspected.
    package let suspects: Set<ServerID>
    /// Whether rings of this size carry rows.
    package let hasRows: Bool

    package init(
        time: MonotonicTime, manager: Int, id: AlertID, alert: Alert?, live: [ServerLife], running: [ServerLife],
        suspects: Set<ServerID> = [], hasRows: Bool = true
    ) {
        self.time = time
        self.manager = manager
        self.id = id
        self.alert = alert
        self.live = live
        self.running = running
        self.suspects = suspects
        self.hasRows = hasRows
    }

    /// The rows in the order of the servers' ids.
    package var rows: [ServerLife] { (alert?.rows ?? []).map(\.life).sorted() }

    /// What is wrong with the rows, nil if nothing is: whoever lives has one, but for those that did not take the
    /// alert; and a server that the manager has come to suspect since may have one.
    package var rowFault: String? {
        guard let alert, hasRows, alert.id == id else { return nil }
        let unheard = Set(alert.unheard.map(\.id)).union(suspects)
        let expected = live.filter { !unheard.contains($0.id) }.map(\.id)
        let found = rows.map(\.id).filter { !unheard.contains($0) }
        return found == expected ? nil : "rows \(rows), live \(live), unheard \(alert.unheard)"
    }
}

extension RingWorld {
    /// Keeps an alert that comes back to its origin until the origin has decided about it.
    mutating func noteArrival(_ event: Ring.Event, at index: Int) {
        guard case .messageReceived(.alert(let alert), _) = event, alert.id.origin.id == servers[index].id else {
            return
        }
        arrivedAlert = alert
    }

    mutating func noteManager(_ id: AlertID, _ index: Int) {
        guard let ring = servers[index].ring else { return }
        let suspects = ring.suspects
        let live = ring.roster.entries.filter { $0.state == .alive && !suspects.contains($0.id) }.map(\.life)
        let round = FinishedRound(
            time: now, manager: index, id: id, alert: arrivedAlert?.id == id ? arrivedAlert : nil, live: live,
            running: running.compactMap(\.life), suspects: suspects,
            hasRows: live.count <= configuration.rowLimit)
        if let fault = round.rowFault, !isLastAttempt(by: index) { violate(.rows, fault) }
        if rounds.contains(where: { $0.id == id }) { violate(.manager, "a second manager by alert \(id)") }
        rounds.append(round)
    }

    /// After five rounds without everybody in them the origin decides by its own roster.
    private func isLastAttempt(by index: Int) -> Bool {
        var launched = 0
        for note in notes.reversed() where note.server == index {
            switch note.observation {
            case .alertLaunched: launched += 1
            case .becameManager(let id) where rounds.contains { $0.id == id }: return launched >= 5
            default: continue
            }
        }
        return launched >= 5
    }

    mutating func violate(_ rule: Rule, _ detail: String) {
        if violations.count < 100 { violations.append(Violation(rule, at: now, detail)) }
    }
}
