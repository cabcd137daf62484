package import Model

// Lists out of a roster. Those with a limit cost what they find, not what there is.
extension Roster {
    private func list(_ selection: RosterNode.Selection) -> [RosterEntry] {
        var found: [RosterEntry] = []
        found.reserveCapacity(root.count(of: selection))
        visit(selection) {
            found.append($0)
            return true
        }
        return found
    }

    /// All entries, the dead ones too, in the order of their ids.
    package var entries: [RosterEntry] { list(.all) }

    /// The entries that are alive or suspect, in the order of their ids.
    package var present: [RosterEntry] { list(.present) }

    /// Those that are dead or have left, in the order of their ids.
    package var gone: [RosterEntry] { list(.gone) }

    /// The present servers clockwise after `id`, without `id` itself, up to `limit` of them.
    package func clockwise(
        after id: ServerID, limit: Int = .max, where accepts: (RosterEntry) -> Bool = { _ in true }
    ) -> [RosterEntry] {
        var found: [RosterEntry] = []
        guard limit > 0 else { return found }
        root.visit(.present, from: id) { entry in
            if entry.id != id, accepts(entry) { found.append(entry) }
            return found.count < limit
        }
        guard found.count < limit else { return found }
        root.visit(.present) { entry in
            if entry.id >= id { return false }
            if accepts(entry) { found.append(entry) }
            return found.count < limit
        }
        return found
    }

    /// The ids of the present servers clockwise after `id` up to `last`, that one included.
    package func presentIDs(after id: ServerID, through last: ServerID) -> [ServerID] {
        let distance = id.clockwiseDistance(to: last)
        return clockwise(after: id, until: { id.clockwiseDistance(to: $0.id) > distance }).map(\.id)
    }

    private func clockwise(after id: ServerID, until isPast: (RosterEntry) -> Bool) -> [RosterEntry] {
        var found: [RosterEntry] = []
        var isOver = false
        func take(_ entry: RosterEntry) -> Bool {
            if isPast(entry) { isOver = true } else if entry.id != id { found.append(entry) }
            return !isOver
        }
        root.visit(.present, from: id, take)
        if !isOver { root.visit(.present) { $0.id < id && take($0) } }
        return found
    }

    /// The present servers counter-clockwise before `id`, nearest first, up to `limit` of them.
    package func counterclockwise(
        before id: ServerID, limit: Int, where accepts: (RosterEntry) -> Bool = { _ in true }
    ) -> [RosterEntry] {
        var found: [RosterEntry] = []
        guard limit > 0 else { return found }
        func take(_ entry: RosterEntry) -> Bool {
            if accepts(entry) { found.append(entry) }
            return found.count < limit
        }
        root.visitBackwards(.present, below: id, take)
        guard found.count < limit else { return found }
        root.visitBackwards(.present) { $0.id > id && take($0) }
        return found
    }

    /// One of the dead: the one at this place among all that are gone, or the next one clockwise.
    func dead(at place: Int) -> RosterEntry? {
        guard let start = root.entry(at: place, of: .gone) else { return nil }
        var found: RosterEntry?
        func take(_ entry: RosterEntry) -> Bool {
            if entry.state == .dead { found = entry }
            return found == nil
        }
        if root.visit(.gone, from: start.id, take) { root.visit(.gone, take) }
        return found
    }

    /// The dead that lie clockwise between two places, up to `limit` of them.
    func dead(between first: ServerID, and last: ServerID, limit: Int) -> [RosterEntry] {
        let distance = first.clockwiseDistance(to: last)
        var found: [RosterEntry] = []
        func take(_ entry: RosterEntry) -> Bool {
            if first.clockwiseDistance(to: entry.id) >= distance { return false }
            if entry.id != first, entry.state == .dead { found.append(entry) }
            return found.count < limit
        }
        root.visit(.gone, from: first, take)
        if last < first { root.visit(.gone) { $0.id < last && take($0) } }
        return found
    }
}
