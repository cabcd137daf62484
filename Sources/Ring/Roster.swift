package import Model

/// The map of all servers that every server keeps; the ring's links follow from it.
///
/// Merging two rosters is their union, entry by entry: commutative, associative, idempotent, so the order in which news
/// arrives does not matter. Load is no part of it.
package struct Roster: Sendable, Hashable {
    /// A roster from the network with more entries than this is refused.
    package static let maximumEntries = 20_000

    /// All entries, the dead ones too, in the order of their ids.
    package private(set) var entries: [RosterEntry] = []
    /// 64 bits over (id, incarnation, state, version) of all entries: equal rosters have equal digests in every
    /// process.
    package private(set) var digest: UInt64 = 0
    /// How many entries are alive or suspect.
    package private(set) var presentCount = 0

    package init() {}

    package init(_ entries: some Sequence<RosterEntry>) {
        for entry in entries { merge(entry) }
    }

    package subscript(id: ServerID) -> RosterEntry? {
        let index = lowerBound(id)
        return index < entries.count && entries[index].id == id ? entries[index] : nil
    }

    /// The place of the first entry whose id is not below `id`, `entries.count` when there is none.
    package func lowerBound(_ id: ServerID) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Takes an entry in if it says more than what is known.
    /// - Returns: whether anything but a death's age changed.
    @discardableResult
    package mutating func merge(_ entry: RosterEntry) -> Bool {
        let index = lowerBound(entry.id)
        guard index < entries.count, entries[index].id == entry.id else {
            entries.insert(entry, at: index)
            digest ^= entry.digest
            presentCount += entry.isPresent ? 1 : 0
            return true
        }
        let changes = entry.supersedes(entries[index])
        replace(at: index, with: entries[index].merged(with: entry))
        return changes
    }

    /// The union of two rosters.
    package mutating func merge(_ other: Roster) {
        for entry in other.entries { merge(entry) }
    }

    /// Forgets the dead that are older than `limit`, after making all of them `seconds` older.
    package mutating func ageDead(by seconds: Int64, forgettingAfter limit: Duration) {
        guard presentCount < entries.count else { return }
        for index in entries.indices where !entries[index].isPresent { entries[index].deadSeconds += seconds }
        let forgotten = entries.filter { !$0.isPresent && $0.deadSeconds >= limit.components.seconds }
        guard !forgotten.isEmpty else { return }
        for entry in forgotten { digest ^= entry.digest }
        entries.removeAll { !$0.isPresent && $0.deadSeconds >= limit.components.seconds }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    private mutating func replace(at index: Int, with entry: RosterEntry) {
        let old = entries[index]
        if old == entry { return }
        digest ^= old.digest ^ entry.digest
        presentCount += (entry.isPresent ? 1 : 0) - (old.isPresent ? 1 : 0)
        entries[index] = entry
    }
}

extension Roster {
    /// The entries that are alive or suspect, in the order of their ids.
    package var present: [RosterEntry] { entries.filter(\.isPresent) }

    /// Those that are dead or have left, in the order of their ids.
    package var gone: [RosterEntry] { entries.filter { !$0.isPresent } }

    /// How many servers hold each role; servers that are leaving do not count.
    package var counts: RoleCounts {
        var counts = RoleCounts()
        for entry in entries where entry.holdsRole { counts[entry.role] += 1 }
        return counts
    }

    /// The present servers clockwise after `id`, without `id` itself, up to `limit` of them.
    package func clockwise(
        after id: ServerID, limit: Int = .max, where accepts: (RosterEntry) -> Bool = { _ in true }
    ) -> [RosterEntry] {
        var found: [RosterEntry] = []
        let start = lowerBound(id)
        for step in 0..<entries.count {
            if found.count == limit { break }
            let index = start + step < entries.count ? start + step : start + step - entries.count
            let entry = entries[index]
            if entry.id != id, entry.isPresent, accepts(entry) { found.append(entry) }
        }
        return found
    }

    /// The ids of the present servers clockwise after `id` up to `last`, that one included.
    package func presentIDs(after id: ServerID, through last: ServerID) -> [ServerID] {
        let distance = id.clockwiseDistance(to: last)
        var found: [ServerID] = []
        var index = lowerBound(id)
        for _ in 0..<entries.count {
            if index == entries.count { index = 0 }
            let entry = entries[index]
            if id.clockwiseDistance(to: entry.id) > distance { break }
            if entry.isPresent, entry.id != id { found.append(entry.id) }
            index += 1
        }
        return found
    }

    /// The present servers counter-clockwise before `id`, nearest first, up to `limit` of them.
    package func counterclockwise(
        before id: ServerID, limit: Int, where accepts: (RosterEntry) -> Bool = { _ in true }
    ) -> [RosterEntry] {
        var found: [RosterEntry] = []
        let start = lowerBound(id)
        for step in 0..<entries.count {
            if found.count == limit { break }
            let index = start > step ? start - 1 - step : start - 1 - step + entries.count
            let entry = entries[index]
            if entry.id != id, entry.isPresent, accepts(entry) { found.append(entry) }
        }
        return found
    }
}

extension Roster: Codable {
    /// Reads a list of entries in any order.
    /// - Throws: `DecodingError` for more than `maximumEntries`.
    package init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        while !container.isAtEnd {
            merge(try container.decode(RosterEntry.self))
            guard entries.count <= Roster.maximumEntries else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "a roster too long")
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for entry in entries { try container.encode(entry) }
    }
}
