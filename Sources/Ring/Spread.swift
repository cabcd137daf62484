import Model

// How a change of the roster reaches everybody: directly in small rings, by a tree in large ones (`docs/ring.md`).
extension Ring {
    /// Tells all others about entries that changed; they go out at the end of the event, or together a little later.
    mutating func spread(_ entries: [RosterEntry]) {
        for entry in entries { changes.toSpread[entry.id] = entry }
        guard roster.presentCount > configuration.directSpreadLimit else { return }
        let due = now + spreadWait(for: entries)
        if timers.isSet(.spread), changes.spreadDue <= due { return }
        changes.spreadDue = due
        setTimer(.spread, at: due)
    }

    mutating func flushSpread() {
        guard !changes.toSpread.isEmpty else { return }
        let entries = changes.toSpread.keys.sorted().compactMap { roster[$0] }
        changes.toSpread = [:]
        let everyone = live(after: id)
        if everyone.count < configuration.directSpreadLimit {
            for entry in everyone { tell(entry, of: entries) }
        } else {
            let own = handToGatherers(entries)
            if !own.isEmpty { branch(own, among: everyone.map(\.id)) }
        }
    }

    /// An unconfirmed death is not told to a server that may be on the other side of the same broken cable.
    private mutating func tell(_ receiver: RosterEntry, of entries: [RosterEntry]) {
        let isUnheard = detector.watches[receiver.id].map { $0.unanswered > 1 } ?? false
        let told = isUnheard ? entries.filter { !$0.unconfirmed } : entries
        let news = told.filter { $0.id != receiver.id }
        if !news.isEmpty { send(.changes(news, through: nil), to: receiver) }
    }

    /// Divides `servers`, which follow each other on the ring, among the first ones of equal parts.
    mutating func branch(_ entries: [RosterEntry], among servers: [ServerID]) {
        guard !servers.isEmpty else { return }
        let size = (servers.count + configuration.treeFanOut - 1) / configuration.treeFanOut
        for start in stride(from: 0, to: servers.count, by: size) {
            sendBranch(entries, to: Array(servers[start..<min(start + size, servers.count)]))
        }
    }

    /// Sends to the first of a part that takes it.
    mutating func sendBranch(_ entries: [RosterEntry], to part: [ServerID]) {
        guard let index = part.firstIndex(where: { roster[$0]?.isPresent == true }), let entry = roster[part[index]],
            let last = part.last
        else { return }
        let rest = Array(part[(index + 1)...])
        send(.changes(entries, through: last), to: entry, for: .branch(entries, rest))
    }

    /// One that goes on in a later life takes it in that one; else the next server of the part is tried.
    mutating func branchFailed(_ entries: [RosterEntry], _ rest: [ServerID], _ reason: LossReason) {
        guard case .answeredBy(let other) = reason, let entry = roster[other.id], entry.isPresent,
            other.incarnation > entry.incarnation
        else { return sendBranch(entries, to: rest) }
        let message = Message.changes(entries, through: rest.last ?? other.id)
        send(message, to: other, at: entry.peerEndpoint, for: .branch(entries, rest))
    }

    mutating func receiveChanges(_ entries: [RosterEntry], through last: ServerID?, from sender: ServerLife) {
        learn(entries, from: sender, isDirect: true)
        if last != nil { leaveToOthers(entries) }
        guard let last, last != id else { return }
        branch(entries, among: roster.presentIDs(after: id, through: last))
    }
}
