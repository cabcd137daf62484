internal import Model

// What an entry of another registry changes here.
extension Registry {
    /// A lease that ran out so much later has been renewed; less is the time that messages take.
    static let renewalMargin: Duration = .milliseconds(500)

    mutating func take(
        _ told: [ToldEntry], of sender: RegistryIdentity, _ lateness: Duration, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        teller = sender.life.id
        defer { teller = nil }
        for one in told where one.life.id != identity.life.id {
            take(
                RegistryEntry(one, by: sender.life.id, lateness: lateness, at: now), at: now, into: &effects)
        }
        noticeFill()
    }

    private mutating func take(
        _ entry: RegistryEntry, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        learnUpdates(of: entry)
        guard let known = entries[entry.life.id] else {
            if entries.count < Self.maximumEntries, entry.record != nil || entry.end > now { adopt(entry, at: now) }
            return
        }
        if entry.life.incarnation < known.life.incarnation { return }
        if entry.life.incarnation > known.life.incarnation {
            supersede(known, into: &effects)
            return adopt(entry, at: now)
        }
        switch (known.record, entry.content) {
        case (_?, .removed(let reason)): takeRemoval(of: known, entry, reason, at: now, into: &effects)
        case (_?, .lease): refresh(known, with: entry, at: now)
        case (nil, _): if known.version < entry.version { adopt(entry, at: now) }
        }
    }

    /// Stores it as it is; a lease that has no time left is asked for before anything else is done.
    private mutating func adopt(_ entry: RegistryEntry, at now: MonotonicTime) {
        var entry = entry
        if entry.record != nil, entry.end <= now { entry.standing = .suspected }
        changed = true
        store(entry)
        if let role = entry.record?.role, entry.standing == .good { shortenLapsed(of: role, at: now) }
    }

    /// The later record holds, and the later renewal, whichever entry has it. A question that is under way decides by
    /// itself, as with a renewal that is made here.
    private mutating func refresh(_ known: RegistryEntry, with told: RegistryEntry, at now: MonotonicTime) {
        let isLater = known.version < told.version
        let isRenewed = told.end > now && told.renewed > known.renewed + Self.renewalMargin
        guard isLater || isRenewed else { return }
        var entry = known
        if isLater {
            (entry.content, entry.term, entry.sequence) = (told.content, told.term, told.sequence)
            // It belongs to what the server said, not to the time of its renewal: that it is alone is news at once.
            entry.ringSize = told.ringSize
            changed = true
        }
        if isRenewed {
            (entry.renewed, entry.end, entry.source) = (told.renewed, told.end, told.source)
            if told.sequence == entry.sequence { entry.ringSize = told.ringSize }
            if known.check == nil { entry.standing = .good }
            if known.standing != entry.standing { changed = true }
        }
        store(entry)
        if isRenewed, entry.standing == .good, let role = entry.record?.role { shortenLapsed(of: role, at: now) }
    }

    /// Another registry removed a server that has a lease here: where it renewed a moment ago it is asked, and listed
    /// until it does not answer, since the other one may be cut off from it.
    private mutating func takeRemoval(
        of known: RegistryEntry, _ removal: RegistryEntry, _ reason: RemovalReason, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        guard known.version < removal.version else { return }
        if reason == .left || !isFresh(known, at: now) {
            var entry = known
            entry.term = removal.term
            remove(entry, reason, at: now, into: &effects)
        } else if known.record?.peerPort == 0 {
            // It cannot be asked; that it was renewed meanwhile is all that is to be known.
            var entry = known
            entry.term = removal.term + 1
            store(entry)
        } else {
            check(
                known, .removedElsewhere(term: removal.term, reason), within: Self.accusedPatience, at: now,
                into: &effects)
        }
    }

    /// Whether a server renewed within the last three seconds; what was renewed elsewhere is told up to a second late.
    func isFresh(_ entry: RegistryEntry, at now: MonotonicTime) -> Bool {
        now - entry.renewed < (entry.source == nil ? Self.renewal : Self.renewal + .seconds(1))
    }
}
