internal import Model

extension Registry {
    /// Takes a death, or a suspicion, that a ring member reports.
    mutating func accuse(_ report: DeathReport, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        let accused = report.accused
        guard accused.id != identity.life.id else { return }
        guard let entry = entries[accused.id] else {
            if report.confirmed, entries.count < Self.maximumEntries { bury(accused, 0, .reportedDead, at: now) }
            return
        }
        guard accused.incarnation >= entry.life.incarnation, entry.record != nil else { return }
        if report.confirmed, accused.incarnation > entry.life.incarnation || !isFresh(entry, at: now) {
            remove(entry, as: accused, .reportedDead, at: now, into: &effects)
        } else {
            let cause: RegistryEntry.Cause = report.confirmed ? .reported : .suspicion
            check(entry, cause, within: Self.accusedPatience, at: now, into: &effects)
        }
    }

    /// Asks a server itself; meanwhile it is listed only where nobody else is.
    mutating func check(
        _ entry: RegistryEntry, _ cause: RegistryEntry.Cause, within patience: Duration, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        guard let record = entry.record else { return }
        // A name that came by an update may have no port at which its server could be asked.
        guard record.peerPort != 0 else {
            return condemn(entry, cause, answeredByAnother: false, at: now, into: &effects)
        }
        var entry = entry
        if let running = entry.check {
            // A graver accusation takes over the question that is already on its way.
            guard case .reported = cause, running.deadline > now + patience else { return }
            checks[running.number] = nil
        }
        lastCheck += 1
        entry.check = .init(number: lastCheck, deadline: now + patience, cause: cause)
        if entry.standing == .good, cause.hides {
            entry.standing = .suspected
            changed = true
        }
        checks[lastCheck] = entry.life.id
        store(entry)
        effects.append(.check(number: lastCheck, life: entry.life, peer: record.peer, deadline: now + patience))
    }

    /// Ends a check; `life` is who answered, nil if nobody did. An answer to a question that is over counts for
    /// nothing.
    mutating func checked(
        _ number: UInt64, by life: ServerLife?, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        guard let id = checks.removeValue(forKey: number), var entry = entries[id], let check = entry.check,
            check.number == number
        else { return }
        entry.check = nil
        if life == entry.life {
            acquit(entry, check.cause, at: now, into: &effects)
        } else {
            condemn(entry, check.cause, answeredByAnother: life != nil, at: now, into: &effects)
        }
    }

    private mutating func acquit(
        _ entry: RegistryEntry, _ cause: RegistryEntry.Cause, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        var entry = entry
        entry.standing = .good
        entry.end = now + Self.lease
        entry.renewed = now
        entry.source = nil
        // It has outlived that removal, and every registry is to know.
        if case .removedElsewhere(let term, _) = cause { entry.term = max(entry.term, term + 1) }
        changed = true
        store(entry)
        if let role = entry.record?.role { shortenLapsed(of: role, at: now) }
        // Then it is the newcomer at the same address who must be asked.
        if case .contested(let newcomer) = cause, let other = entries[newcomer.id], other.life == newcomer,
            newcomer.id != entry.life.id
        {
            check(other, .reported, within: Self.accusedPatience, at: now, into: &effects)
        }
    }

    private mutating func condemn(
        _ entry: RegistryEntry, _ cause: RegistryEntry.Cause, answeredByAnother: Bool, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        switch cause {
        case .reported: remove(entry, .reportedDead, at: now, into: &effects)
        case .contested: remove(entry, .superseded, at: now, into: &effects)
        case .expired where answeredByAnother: remove(entry, .superseded, at: now, into: &effects)
        case .expired: lapse(entry, at: now, into: &effects)
        case .removedElsewhere(let term, let reason):
            var entry = entry
            entry.term = max(entry.term, term)
            remove(entry, reason, at: now, into: &effects)
        case .suspicion where answeredByAnother: remove(entry, .superseded, at: now, into: &effects)
        case .suspicion:
            // It stays suspected until it renews; the store brings the sweep back when its lease runs out.
            store(entry)
        }
    }

    /// Removes a server that let its lease run out and does not answer, or keeps it to be served stale: where its role
    /// would have nobody, and where most of the others do not renew either, which is rather this registry's own fault.
    private mutating func lapse(_ entry: RegistryEntry, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        var entry = entry
        if now < entry.end {
            // It renewed while the question was on its way, and then did not answer: the next time decides.
            return store(entry)
        }
        guard let role = entry.record?.role else { return }
        let others = entries.values.filter { $0.record != nil && $0.life.id != entry.life.id }
        let heard = others.count { now - $0.renewed < Self.lease / 2 }
        if heard * 2 >= others.count, others.contains(where: { $0.record?.role == role && $0.standing == .good }) {
            return remove(entry, .expired, at: now, into: &effects)
        }
        entry.standing = .lapsed
        lapsed.insert(role)
        entry.end = now + Self.staleLimit
        changed = true
        store(entry)
    }

    /// Once its role has somebody again, a lapsed server has one lease's time to come back under its old life.
    mutating func shortenLapsed(of role: Role, at now: MonotonicTime) {
        guard lapsed.contains(role) else { return }
        lapsed.remove(role)
        for id in order {
            guard var entry = entries[id], entry.standing == .lapsed, entry.record?.role == role else { continue }
            entry.end = min(entry.end, now + Self.lease)
            store(entry)
        }
    }

    /// Turns a lease into the memory of its removal.
    mutating func remove(
        _ entry: RegistryEntry, as life: ServerLife? = nil, _ reason: RemovalReason, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        if let check = entry.check { checks[check.number] = nil }
        bury(life ?? entry.life, life == nil || life == entry.life ? entry.term : 0, reason, at: now)
        changed = true
        effects.append(.noteRemoved(entry.life, reason))
    }

    mutating func bury(
        _ life: ServerLife, _ term: UInt64, _ reason: RemovalReason, at now: MonotonicTime
    ) {
        store(
            RegistryEntry(
                life: life, content: .removed(reason), end: now + Self.removalMemory, renewed: now, term: term))
    }
}

extension RegistryEntry.Cause {
    /// Whether the server is listed last while it is asked.
    fileprivate var hides: Bool {
        if case .removedElsewhere = self { false } else { true }
    }
}
