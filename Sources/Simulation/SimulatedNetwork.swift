import Model

/// The paths between simulated hosts: how slow, how lossy, and which are cut.
package struct SimulatedNetwork: Sendable {
    /// The least time a packet takes.
    package var delay: Duration = .microseconds(300)
    /// Up to so much is added to each packet, evenly spread; packets overtake each other by it.
    package var jitter: Duration = .milliseconds(1)
    /// The share of datagrams that vanish; streams wait for what was lost to be sent again.
    package var loss = 0.0
    /// The share of datagrams that arrive twice.
    package var duplication = 0.0
    /// What every packet from or to a host takes longer, for hosts that are far away.
    package var delays: [Int: Duration] = [:]
    /// The share of packets from or to a host that vanish besides.
    package var losses: [Int: Double] = [:]
    /// Hosts of different groups do not reach each other.
    private var groups: [Int: Int] = [:]
    /// Single directions that are cut, from and to a host.
    private var cuts: Set<Path> = []
    /// Pairs between which a firewall resets every connection and drops every datagram.
    private var refusals: Set<Path> = []
    private var generator: SeededGenerator

    private struct Path: Hashable {
        let from: Int
        let to: Int
    }

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Divides the hosts; a host that is named in no group is in group 0, with the registries.
    package mutating func divide(_ groups: [[Int]]) {
        self.groups = [:]
        for (number, group) in groups.enumerated() { for host in group { self.groups[host] = number } }
    }

    /// Cuts one direction only.
    package mutating func cut(from: Int, to: Int) { cuts.insert(Path(from: from, to: to)) }

    /// Mends one direction.
    package mutating func mend(from: Int, to: Int) { cuts.remove(Path(from: from, to: to)) }

    /// Cuts off every packet to a host, but none from it.
    package mutating func deafen(_ host: Int, hosts: Int) {
        for other in 0..<hosts where other != host { cut(from: other, to: host) }
    }

    mutating func refuse(_ one: Int, _ other: Int) {
        refusals.insert(Path(from: min(one, other), to: max(one, other)))
    }

    /// Mends all paths; delay and loss stay.
    package mutating func mend() {
        groups = [:]
        cuts = []
        refusals = []
    }

    /// Makes the paths as good as they are between hosts of one room.
    package mutating func calm() {
        loss = 0
        duplication = 0
        jitter = .milliseconds(1)
        losses = [:]
        delays = [:]
    }

    package func reaches(from: Int, to: Int) -> Bool {
        // Whole worlds run without a fault, and ask this for every packet.
        if groups.isEmpty, cuts.isEmpty, refusals.isEmpty { return true }
        return groups[from, default: 0] == groups[to, default: 0] && !cuts.contains(Path(from: from, to: to))
            && !refuses(from, to)
    }

    /// Whether a stream between the two works, which needs both directions.
    package func connects(_ one: Int, _ other: Int) -> Bool {
        reaches(from: one, to: other) && reaches(from: other, to: one)
    }

    /// Whether a stream between the two works without long waits.
    func isGood(_ one: Int, _ other: Int) -> Bool {
        connects(one, other) && loss(one, other) <= 0.15 && delays[one] ?? .zero < .milliseconds(40)
    }

    /// Whether a firewall answers in the place of the other.
    package func refuses(_ one: Int, _ other: Int) -> Bool {
        !refusals.isEmpty && refusals.contains(Path(from: min(one, other), to: max(one, other)))
    }

    private mutating func isHit(_ share: Double) -> Bool {
        share > 0 && Double(generator.next() >> 11) / Double(1 << 53) < share
    }

    private func loss(_ from: Int, _ to: Int) -> Double {
        losses.isEmpty ? loss : 1 - (1 - loss) * (1 - losses[from, default: 0]) * (1 - losses[to, default: 0])
    }

    mutating func transit(_ from: Int, _ to: Int) -> Duration {
        let most = jitter.nanoseconds
        let near = delay + .nanoseconds(most > 0 ? Int64.random(in: 0...most, using: &generator) : 0)
        return delays.isEmpty ? near : near + (delays[from] ?? .zero) + (delays[to] ?? .zero)
    }

    /// After what times a datagram arrives: once, not at all, or twice.
    ///
    /// No list of them, which would be on the heap for every datagram.
    package mutating func datagram(from: Int, to: Int) -> (first: Duration?, again: Duration?) {
        guard reaches(from: from, to: to), !isHit(loss(from, to)) else { return (nil, nil) }
        return isHit(duplication) ? (transit(from, to), transit(from, to)) : (transit(from, to), nil)
    }

    /// After what time a part of a stream arrives, nil for never.
    package mutating func stream(from: Int, to: Int) -> Duration? {
        guard connects(from, to) else { return nil }
        var time = transit(from, to)
        // The least time after which Linux sends again, twice as long every time.
        var again = Duration.milliseconds(200)
        while again < .seconds(2), isHit(loss(from, to)) {
            time += again
            again = again * 2
        }
        return time
    }

    /// A number for choices of the world, such as disk times.
    package mutating func random(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }
}
