/// Which frames between hosts arrive: the state of all cables at one time. Hosts go by their number; the console, which
/// is the process that made them, always hears those whose cable is in.
package struct Wiring: Equatable, Sendable {
    /// One direction between two hosts.
    package struct Direction: Hashable, Comparable, Sendable {
        package let from: Int
        package let to: Int

        package init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }

        package static func < (left: Direction, right: Direction) -> Bool {
            (left.from, left.to) < (right.from, right.to)
        }
    }

    /// Hosts that hear only each other. Those in no group are one more group together.
    package var groups: [[Int]] = []
    /// Directions in which nothing arrives.
    package var deaf: Set<Direction> = []
    /// Hosts whose cable is out.
    package var unplugged: Set<Int> = []
    /// How many of a hundred packets between any two hosts vanish, 0 to 100.
    package var lossPercent = 0

    /// All cables in, nothing lost.
    package init() {}

    /// What `nft -f` takes to put this in force in one step, whatever was in force before.
    ///
    /// A cable that is out is silent both ways, at once; the host does not see its link go down, as on a switch that
    /// loses its power behind the next one. Loss takes packets and leaves address resolution alone, as on a busy link
    /// between hosts that know each other.
    func rules(hosts: ClosedRange<Int>) -> String {
        let out = Self.set(unplugged.sorted())
        let from = unplugged.isEmpty ? [] : ["iifname \(out) drop"]
        let to = unplugged.isEmpty ? [] : ["oifname \(out) drop"]
        return "table bridge rondo\ndelete table bridge rondo\ntable bridge rondo {\n"
            + Self.chain("prerouting", from) + Self.chain("forward", between(hosts)) + Self.chain("postrouting", to)
            + "}\n"
    }

    /// What vanishes on the way from one host to another.
    private func between(_ hosts: ClosedRange<Int>) -> [String] {
        var lines: [String] = []
        for group in groups {
            let others = hosts.filter { !group.contains($0) }
            guard !group.isEmpty, !others.isEmpty else { continue }
            lines.append("iifname \(Self.set(group)) oifname \(Self.set(others)) drop")
            lines.append("iifname \(Self.set(others)) oifname \(Self.set(group)) drop")
        }
        for way in deaf.sorted() {
            lines.append("iifname \(Self.set([way.from])) oifname \(Self.set([way.to])) drop")
        }
        if lossPercent > 0 { lines.append("ether type ip numgen random mod 100 < \(min(100, lossPercent)) drop") }
        return lines
    }

    private static func chain(_ hook: String, _ lines: [String]) -> String {
        let rules = (["type filter hook \(hook) priority 0; policy accept;"] + lines).map { "    \($0)\n" }.joined()
        return "  chain \(hook) {\n\(rules)  }\n"
    }

    private static func set(_ hosts: [Int]) -> String {
        "{ " + hosts.sorted().map { "\"\(Testbed.cable($0))\"" }.joined(separator: ", ") + " }"
    }
}
