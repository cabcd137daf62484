package import Model

/// The map of all servers that every server keeps; the ring's links follow from it.
///
/// Merging two rosters is their union, entry by entry: commutative, associative, idempotent, so the order in which news
/// arrives does not matter. Load is no part of it. It is kept as a tree that equal rosters may share (`RosterNode`), so
/// that a copy costs nothing and a change costs little, at 10,000 servers too.
package struct Roster: Sendable {
    /// A roster from the network with more entries than this is refused.
    package static let maximumEntries = 20_000

    private(set) var root = RosterNode.empty
    /// What the ages in the tree are counted from: all of the dead grow older by a change of this alone.
    private var clock: Int64 = 0

    package init() {}

    package init(_ entries: some Sequence<RosterEntry>) {
        for entry in entries { merge(entry) }
    }

    /// 64 bits over (id, incarnation, state, version) of all entries: equal rosters have equal digests in every
    /// process.
    package var digest: UInt64 { root.summary.digest }
    /// How many entries there are, the dead ones too.
    package var count: Int { root.summary.count }
    /// How many entries are alive or suspect.
    package var presentCount: Int { root.summary.presentCount }
    /// How many are dead or have left.
    package var goneCount: Int { count - presentCount }
    /// How many servers hold each role; servers that are leaving do not count.
    package var counts: RoleCounts { root.summary.roles }
    /// The roles that count for decisions: the damped do not, but where fewer than three would be left all do.
    package var decisiveCounts: RoleCounts { sparesDamped ? root.summary.steadyRoles : counts }
    private var sparesDamped: Bool { root.summary.steadyRoles.total >= 3 }

    /// Whether a server counts for decisions about roles, and may be chosen in one.
    package func isDecisive(_ entry: RosterEntry) -> Bool { entry.holdsRole && !(entry.damped && sparesDamped) }

    package subscript(id: ServerID) -> RosterEntry? { root.entry(id).map(told) }

    /// Takes an entry in if it says more than what is known.
    /// - Returns: whether anything but a death's age changed.
    @discardableResult
    package mutating func merge(_ entry: RosterEntry) -> Bool {
        var isNews = false
        if let changed = root.merging(kept(entry), isNews: &isNews) { root = changed }
        return isNews
    }

    /// The union of two rosters.
    package mutating func merge(_ other: Roster) {
        other.visit(.all) {
            merge($0)
            return true
        }
    }

    /// Forgets the dead that are older than `limit`, after making all of them `seconds` older.
    package mutating func ageDead(by seconds: Int64, forgettingAfter limit: Duration) {
        clock += seconds
        if goneCount > 0 { root = root.forgetting(from: limit.components.seconds - clock) }
    }

    /// Keeps what is equal in both rosters in memory once, if the dead are equally old in both.
    package mutating func share(with other: Roster) {
        if clock == other.clock { root = root.sharing(other.root) }
    }

    private func kept(_ entry: RosterEntry) -> RosterEntry {
        guard clock != 0, !entry.isPresent else { return entry }
        var entry = entry
        entry.deadSeconds -= clock
        return entry
    }

    private func told(_ entry: RosterEntry) -> RosterEntry {
        guard clock != 0, !entry.isPresent else { return entry }
        var entry = entry
        entry.deadSeconds += clock
        return entry
    }

    /// Visits entries in the order of their ids until `body` says no.
    func visit(_ selection: RosterNode.Selection, in range: RosterRange = .all, _ body: (RosterEntry) -> Bool) {
        root.part(range).visit(selection) { body(told($0)) }
    }
}

extension Roster: Hashable {
    package static func == (left: Roster, right: Roster) -> Bool {
        guard left.digest == right.digest, left.count == right.count else { return false }
        return left.clock == right.clock ? left.root == right.root : left.entries == right.entries
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
