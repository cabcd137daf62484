package import Model

/// A part of the ids: all that begin with the same hexadecimal digits.
package struct RosterRange: Hashable, Sendable {
    /// The first id in it; all digits behind the first `digits` are 0.
    package let start: ServerID
    /// 0 for all ids, up to 32 for one.
    package let digits: Int

    package init(start: ServerID, digits: Int) {
        self.start = start
        self.digits = digits
    }

    package static let all = RosterRange(start: ServerID(0), digits: 0)

    func contains(_ id: ServerID) -> Bool { (0..<digits).allSatisfy { id.digit($0) == start.digit($0) } }

    /// The sixteen parts of this one, none of a single id.
    var parts: [RosterRange] {
        guard (0..<RosterNode.maximumDepth).contains(digits) else { return [] }
        return (0..<16).map { digit in
            RosterRange(start: ServerID(start.value | UInt128(digit) << UInt128(124 - 4 * digits)), digits: digits + 1)
        }
    }
}

/// What a server knows of a part, in short: whoever finds another digest for it knows something else.
package struct RangeDigest: Hashable, Sendable {
    package let range: RosterRange
    package let digest: UInt64
    package let count: Int
}

extension RosterNode {
    /// The part of this one with these ids.
    func part(_ range: RosterRange, depth: Int = 0) -> RosterNode {
        if depth >= range.digits { return self }
        switch parts {
        case .leaf(let entries): return RosterNode(leaf: entries.filter { range.contains($0.id) })
        case .branch(let children): return children[range.start.digit(depth)].part(range, depth: depth + 1)
        }
    }
}

extension Roster {
    func digest(of range: RosterRange) -> RangeDigest {
        let summary = root.part(range).summary
        return RangeDigest(range: range, digest: summary.digest, count: summary.count)
    }

    func entries(in range: RosterRange) -> [RosterEntry] {
        var found: [RosterEntry] = []
        visit(.all, in: range) {
            found.append($0)
            return true
        }
        return found
    }
}
