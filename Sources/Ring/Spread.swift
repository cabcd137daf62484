import Model

// How a change of the roster reaches everybody: directly in small rings, by a tree in large ones (`docs/ring.md`).
extension Ring {
    /// Tells all others about entries that changed; they go out at the end of the event, or together a little later.
    mutating func spread(_ entries: [RosterEntry]) {
        for entry in entries { changes.toSpread[entry.id] = entry }
        if roster.presentCount > configuration.directSpreadLimit, !timers.isSet(.spread) {
            setTimer(.spread, at: now + configuration.spreadDelay)
        }
    }

    mutating func flushSpread() {
        guard !changes.toSpread.isEmpty else { return }
        let entries = changes.toSpread.keys.sorted().compactMap { roster[$0] }
        changes.toSpread = [:]
        let everyone = live(after: id)
        if everyone.count < configuration.directSpreadLimit {
            for entry in everyone { tell(entry, of: entries) }
        } else {
            branch(entries, among: everyone.map(\.id))
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
    private mutating func branch(_ entries: [RosterEntry], among servers: [ServerID]) {
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

    mutating func receiveChanges(_ entries: [RosterEntry], through last: ServerID?, from sender: ServerLife) {
        learn(entries, from: sender, isDirect: true)
        guard let last, last != id else { return }
        branch(entries, among: roster.presentIDs(after: id, through: last))
    }
}
