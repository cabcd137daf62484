/// What the numbers of a figure are.
enum Unit: Sendable {
    /// Seconds.
    case time
    /// Bytes a second.
    case rate
    case count
    /// Of one system's speed to another's.
    case ratio
}

/// One row of the table: what was measured how often, beside whom, and what it must keep.
struct Figure: Sendable {
    /// What the samples must not exceed (or, for a ratio, must reach).
    struct Bound: Sendable {
        var median: Double?
        var worst: Double?
        var least: Double?
        var leastMedian: Double?
    }

    let name: String
    /// How many servers it was measured with.
    let servers: Int?
    let unit: Unit
    let bound: Bound
    /// Infinite where what was waited for did not come in time.
    var samples: [Double] = []
    /// The same of the other system.
    var peer: [Double] = []
    /// How, or against whom, where it is not Serf.
    var note = ""

    init(_ name: String, servers: Int?, unit: Unit = .time, bound: Bound = Bound()) {
        self.name = name
        self.servers = servers
        self.unit = unit
        self.bound = bound
    }

    /// Nil where there is nothing to keep; false too where nothing was measured.
    var holds: Bool? {
        if [bound.median, bound.worst, bound.least, bound.leastMedian].allSatisfy({ $0 == nil }) { return nil }
        guard let median = Self.median(samples), let worst = samples.max(), let least = samples.min() else {
            return false
        }
        return median <= bound.median ?? .infinity && worst <= bound.worst ?? .infinity
            && least >= bound.least ?? -.infinity && median >= bound.leastMedian ?? -.infinity
    }

    /// How many times the peer's median is Rondo's.
    var ratio: Double? {
        guard let own = Self.median(samples), let other = Self.median(peer), own > 0, other.isFinite else { return nil }
        return other / own
    }

    /// The middle of the sorted values, of an even number the mean of the two; nil of none.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

extension Double {
    init(_ duration: Duration) { self = duration / .seconds(1) }
}
