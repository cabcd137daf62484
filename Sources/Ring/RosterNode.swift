import Model

/// A part of a roster: all entries whose ids begin with the same digits, as a tree that never changes.
///
/// The shape follows from the entries alone, whatever way they came in: up to `leafLimit` of them are a leaf, more are
/// a branch by their next hexadecimal digit. So two servers that know the same have the same tree, and may share it;
/// and a change copies the way from the root to one leaf and not the roster (a hash tree as in Merkle 1987, over a trie
/// as in Bagwell 2001; `docs/decisions/0010-rosters-as-shared-trees.md`).
struct RosterNode: Hashable, Sendable {
    /// What is known of a part without looking into it.
    struct Summary: Hashable, Sendable {
        var digest: UInt64 = 0
        private(set) var entries: UInt32 = 0
        private(set) var present: UInt32 = 0
        private(set) var data: UInt32 = 0
        private(set) var routers: UInt32 = 0
        private(set) var dampedData: UInt32 = 0
        private(set) var dampedRouters: UInt32 = 0
        /// The greatest age of the dead in it, by the roster's clock; `.min` where none are.
        var oldest = Int64.min

        var count: Int { Int(entries) }
        var presentCount: Int { Int(present) }
        /// Roles of those that hold one.
        var roles: RoleCounts { RoleCounts(data: Int(data), router: Int(routers)) }
        /// Roles of those of them that are not damped.
        var steadyRoles: RoleCounts {
            RoleCounts(data: Int(data - dampedData), router: Int(routers - dampedRouters))
        }

        mutating func add(_ other: Summary) {
            digest ^= other.digest
            entries += other.entries
            present += other.present
            data += other.data
            routers += other.routers
            dampedData += other.dampedData
            dampedRouters += other.dampedRouters
            oldest = max(oldest, other.oldest)
        }

        mutating func add(_ entry: RosterEntry) {
            digest ^= entry.digest
            entries += 1
            if entry.isPresent { present += 1 } else { oldest = max(oldest, entry.deadSeconds) }
            guard entry.holdsRole else { return }
            let damped: UInt32 = entry.damped ? 1 : 0
            if entry.role == .data {
                (data, dampedData) = (data + 1, dampedData + damped)
            } else {
                (routers, dampedRouters) = (routers + 1, dampedRouters + damped)
            }
        }
    }

    enum Parts: Hashable, Sendable {
        /// In the order of their ids.
        case leaf([RosterEntry])
        /// 16, by the next digit.
        case branch([RosterNode])
    }

    /// Which entries a walk is about; whole parts without any are passed over.
    enum Selection {
        case all
        case present
        case gone

        func accepts(_ entry: RosterEntry) -> Bool {
            switch self {
            case .all: true
            case .present: entry.isPresent
            case .gone: !entry.isPresent
            }
        }
    }

    static let leafLimit = 16
    /// Ids have so many hexadecimal digits; deeper than that no branch can be.
    static let maximumDepth = 32

    let summary: Summary
    let parts: Parts

    init(leaf entries: [RosterEntry]) {
        var summary = Summary()
        for entry in entries { summary.add(entry) }
        self.summary = summary
        parts = .leaf(entries)
    }

    init(branch children: [RosterNode]) {
        var summary = Summary()
        for child in children { summary.add(child.summary) }
        self.summary = summary
        parts = .branch(children)
    }

    static let empty = RosterNode(leaf: [])

    /// Parts that are not equal mostly have unequal summaries, and shared ones are equal without a look into them.
    static func == (one: RosterNode, other: RosterNode) -> Bool {
        one.summary == other.summary && one.parts == other.parts
    }

    func count(of selection: Selection) -> Int {
        switch selection {
        case .all: summary.count
        case .present: summary.presentCount
        case .gone: summary.count - summary.presentCount
        }
    }

    /// Makes the node that these entries have to be, which are in the order of their ids and agree in `depth` digits.
    static func make(_ entries: [RosterEntry], depth: Int) -> RosterNode {
        guard entries.count > leafLimit, depth < maximumDepth else { return RosterNode(leaf: entries) }
        var byDigit = [[RosterEntry]](repeating: [], count: 16)
        for entry in entries { byDigit[entry.id.digit(depth)].append(entry) }
        return RosterNode(branch: byDigit.map { $0.isEmpty ? empty : make($0, depth: depth + 1) })
    }
}

// Looking up and changing.
extension RosterNode {
    func entry(_ id: ServerID) -> RosterEntry? {
        var node = self
        for depth in 0... {
            switch node.parts {
            case .leaf(let entries): return entries.first { $0.id == id }
            case .branch(let children): node = children[id.digit(depth)]
            }
        }
        return nil
    }

    /// This part with an entry merged into it; nil where that changes nothing.
    /// - Parameter isNews: becomes true when anything but a death's age changed.
    func merging(_ entry: RosterEntry, depth: Int = 0, isNews: inout Bool) -> RosterNode? {
        switch parts {
        case .branch(var children):
            let digit = entry.id.digit(depth)
            guard let child = children[digit].merging(entry, depth: depth + 1, isNews: &isNews) else { return nil }
            children[digit] = child
            return RosterNode(branch: children)
        case .leaf(var entries):
            let index = entries.firstIndex { $0.id >= entry.id } ?? entries.endIndex
            guard index < entries.endIndex, entries[index].id == entry.id else {
                entries.insert(entry, at: index)
                isNews = true
                return RosterNode.make(entries, depth: depth)
            }
            isNews = entry.supersedes(entries[index])
            let merged = entries[index].merged(with: entry)
            if merged == entries[index] { return nil }
            entries[index] = merged
            return RosterNode(leaf: entries)
        }
    }

    /// This part without the dead that are of this age or older.
    func forgetting(from age: Int64) -> RosterNode {
        guard summary.oldest >= age else { return self }
        var kept: [RosterEntry] = []
        visit(.all) { entry in
            if entry.isPresent || entry.deadSeconds < age { kept.append(entry) }
            return true
        }
        return RosterNode.make(kept, depth: 0)
    }

    /// This part with equal parts of `other` in the place of its own, so that they are in memory once.
    func sharing(_ other: RosterNode) -> RosterNode {
        if self == other { return other }
        guard case .branch(let mine) = parts, case .branch(let theirs) = other.parts else { return self }
        return RosterNode(branch: zip(mine, theirs).map { $0.sharing($1) })
    }
}

// Walks.
extension RosterNode {
    /// Visits entries in the order of their ids, from `lower` on where that is given, until `body` says no.
    /// - Returns: whether the walk came to its end.
    @discardableResult
    func visit(
        _ selection: Selection, from lower: ServerID? = nil, depth: Int = 0, _ body: (RosterEntry) -> Bool
    ) -> Bool {
        guard count(of: selection) > 0 else { return true }
        switch parts {
        case .leaf(let entries):
            for entry in entries where selection.accepts(entry) {
                if let lower, entry.id < lower { continue }
                if !body(entry) { return false }
            }
        case .branch(let children):
            let first = lower.map { $0.digit(depth) } ?? 0
            for digit in first..<16 {
                let bound = digit == first ? lower : nil
                if !children[digit].visit(selection, from: bound, depth: depth + 1, body) { return false }
            }
        }
        return true
    }

    /// Visits entries against the order of their ids, those below `upper` where that is given, until `body` says no.
    @discardableResult
    func visitBackwards(
        _ selection: Selection, below upper: ServerID? = nil, depth: Int = 0, _ body: (RosterEntry) -> Bool
    ) -> Bool {
        guard count(of: selection) > 0 else { return true }
        switch parts {
        case .leaf(let entries):
            for entry in entries.reversed() where selection.accepts(entry) {
                if let upper, entry.id >= upper { continue }
                if !body(entry) { return false }
            }
        case .branch(let children):
            let last = upper.map { $0.digit(depth) } ?? 15
            for digit in stride(from: last, through: 0, by: -1) {
                let bound = digit == last ? upper : nil
                if !children[digit].visitBackwards(selection, below: bound, depth: depth + 1, body) { return false }
            }
        }
        return true
    }

    /// The entry at this place among those selected, in the order of their ids.
    func entry(at place: Int, of selection: Selection) -> RosterEntry? {
        switch parts {
        case .leaf(let entries): return entries.filter(selection.accepts).dropFirst(place).first
        case .branch(let children):
            var rest = place
            for child in children {
                let count = child.count(of: selection)
                if rest < count { return child.entry(at: rest, of: selection) }
                rest -= count
            }
            return nil
        }
    }
}
