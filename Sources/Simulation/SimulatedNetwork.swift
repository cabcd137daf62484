import Model

/// The paths between simulated hosts: how slow, how lossy, and which are cut.
package struct SimulatedNetwork: Sendable {
    /// The least time a packet takes.
    package var delay: Duration = .microseconds(300)
    /// Up to so much is added to each packet, evenly spread; packets overtake each other by it.
    package var jitter: Duration = .milliseconds(1)
    /// The share of datagrams that vanish; streams pay 200 ms for each loss instead.
    package var loss = 0.0
    /// The share of datagrams that arrive twice.
    package var duplication = 0.0
    /// Hosts of different groups do not reach each other.
    private var groups: [Int: Int] = [:]
    /// Single directions that are cut, from and to a host.
    private var cuts: Set<Cut> = []
    private var generator: SeededGenerator

    private struct Cut: Hashable {
        let from: Int
        let to: Int
    }

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Divides the hosts; a host that is named in no group is in group 0, with the registry.
    package mutating func divide(_ groups: [[Int]]) {
        self.groups = [:]
        for (number, group) in groups.enumerated() { for host in group { self.groups[host] = number } }
    }

    /// Cuts one direction only.
    package mutating func cut(from: Int, to: Int) { cuts.insert(Cut(from: from, to: to)) }

    /// Cuts off every packet to a host, but none from it.
    package mutating func deafen(_ host: Int, hosts: Int) {
        for other in 0..<hosts where other != host { cut(from: other, to: host) }
    }

    /// Mends all paths; delay and loss stay.
    package mutating func mend() {
        groups = [:]
        cuts = []
    }

    package func reaches(from: Int, to: Int) -> Bool {
        groups[from, default: 0] == groups[to, default: 0] && !cuts.contains(Cut(from: from, to: to))
    }

    /// Whether a stream between the two works, which needs both directions.
    package func connects(_ one: Int, _ other: Int) -> Bool {
        reaches(from: one, to: other) && reaches(from: other, to: one)
    }

    private mutating func isHit(_ share: Double) -> Bool {
        share > 0 && Double(generator.next() >> 11) / Double(1 << 53) < share
    }

    private mutating func transit() -> Duration {
        let most = jitter.nanoseconds
        return delay + .nanoseconds(most > 0 ? Int64.random(in: 0...most, using: &generator) : 0)
    }

    /// After what times a datagram arrives: once, not at all, or twice.
    package mutating func datagram(from: Int, to: Int) -> [Duration] {
        guard reaches(from: from, to: to), !isHit(loss) else { return [] }
        return isHit(duplication) ? [transit(), transit()] : [transit()]
    }

    /// After what time a part of a stream arrives, nil for never.
    package mutating func stream(from: Int, to: Int) -> Duration? {
        guard connects(from, to) else { return nil }
        var time = transit()
        var losses = 0
        while losses < 3, isHit(loss) {
            time += .milliseconds(200)
            losses += 1
        }
        return time
    }

    /// A number for choices of the world, such as disk times.
    package mutating func random(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }
}
