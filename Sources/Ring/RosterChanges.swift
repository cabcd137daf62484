import Model

/// When the roster changed, and what of it has not been told yet.
struct RosterChanges: Sendable {
    /// The last time that a server came, went or changed its role.
    var lastTime = MonotonicTime.zero
    /// Until then no alert, switch or repair, because rosters have just been merged.
    var restUntil = MonotonicTime.zero
    var isDirty = false
    /// Roles or members changed in the event at work.
    var isSignificant = false
    /// Nobody else was there when the roster last changed.
    var wasAlone = true
    var toSpread: [ServerID: RosterEntry] = [:]
    /// When they are told, in large rings.
    var spreadDue = MonotonicTime.zero
    var rush = Rush()
}

extension Ring {
    /// Takes an entry into the roster and notes what that means; the only way into it.
    /// - Returns: whether it was news.
    @discardableResult
    mutating func apply(_ entry: RosterEntry) -> Bool {
        let old = roster[entry.id]
        guard roster.merge(entry) else { return false }
        if entry.id == id { own = roster[id] ?? entry }
        changes.isDirty = true
        let isNew = old?.isPresent != entry.isPresent
        if isNew || old?.role != entry.role || old?.leaving != entry.leaving || old?.damped != entry.damped {
            changes.isSignificant = true
            changes.lastTime = now
        }
        if let old, old.isPresent, !entry.isPresent { departed(old, entry) }
        if let old, !old.isPresent, entry.isPresent { returned(old, entry) }
        if let old, old.life != entry.life {
            forget(old.life)
            changes.rush.note(at: now, gone: roster.goneCount)
        }
        return true
    }

    private mutating func departed(_ old: RosterEntry, _ entry: RosterEntry) {
        forget(old.life)
        if entry.state == .left { return report(.left(entry.life)) }
        flaps.died(entry.id, at: now, configuration)
    }

    private mutating func returned(_ old: RosterEntry, _ entry: RosterEntry) {
        report(.returned(entry.life))
        changes.restUntil = max(changes.restUntil, now + configuration.mergeRest)
        flaps.returned(entry.id, at: now)
        if old.state == .dead, old.startNonce == entry.startNonce { demote(after: old.life) }
    }

    /// Ends what is under way about a life that is over.
    private mutating func forget(_ life: ServerLife) {
        if detector.suspicions.removeValue(forKey: life) != nil { cancelTimer(.confirmation(life)) }
        if detector.watches[life.id]?.life == life { detector.watches[life.id] = nil }
        if detector.lastHeard[life.id]?.life == life { detector.lastHeard[life.id] = nil }
    }

    /// Changes this server's own entry and tells everybody.
    mutating func updateOwn(_ change: (inout RosterEntry) -> Void) {
        var entry = own
        change(&entry)
        entry.version += 1
        apply(entry)
        spread([entry])
        effects.append(.updateRegistry(entry))
    }

    /// Brings everything that follows from the roster up to date; the end of every event.
    mutating func settle() {
        guard changes.isDirty else { return }
        changes.isDirty = false
        updateLinks()
        tellDamped(again: false)
        effects.append(.rosterChanged)
        if changes.isSignificant {
            changes.isSignificant = false
            noteLoneliness()
            setRolesTimer(notBefore: now)
            if manager.isManaging { manageRoles() }
            considerProvisionalRole()
        }
        if configuration.directSpreadLimit >= roster.presentCount { flushSpread() }
        if changes.isDirty { settle() }
    }

    /// One that is alone does both duties: the registries hear of it at once, so that both roles have a name.
    private mutating func noteLoneliness() {
        let isAlone = roster.presentCount == 1
        if isAlone, !changes.wasAlone { effects.append(.updateRegistry(own)) }
        changes.wasAlone = isAlone
    }

    private mutating func updateLinks() {
        let before = links
        detector.observers = roster.counterclockwise(before: id, limit: 2)
        links = Links(of: id, in: roster, passingOver: suspects)
        guard links != before else { return }
        for life in before.observed where !links.observed.contains(life) { effects.append(.unwatch(life)) }
        for life in links.observed where !before.observed.contains(life) { watch(life) }
        detector.keepWatches { links.observed.contains($0.life) || $0.isUrgent }
    }

    private mutating func watch(_ life: ServerLife) {
        guard let entry = roster[life.id] else { return }
        keepConnection(to: entry)
        observe(entry, urgently: false)
    }
}
