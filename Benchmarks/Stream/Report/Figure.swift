/// What a number counts.
enum Unit { case ratio, time, count, megabytes }

/// One row of the table: what was measured, as often as it was, and what was promised.
struct Figure: Sendable {
    /// Nil bounds promise nothing.
    struct Bound: Sendable {
        /// The median must reach it.
        var leastMedian: Double?
        /// The 99th of a hundred must not exceed it.
        var p99: Double?
        /// No value may exceed it.
        var most: Double?
    }

    let name: String
    let unit: Unit
    var bound = Bound()
    var samples: [Double] = []
    /// What the samples are made of, for people.
    var note = ""

    init(_ name: String, _ unit: Unit, _ bound: Bound = Bound(), samples: [Double] = [], note: String = "") {
        self.name = name
        self.unit = unit
        self.bound = bound
        self.samples = samples
        self.note = note
    }

    var median: Double? { quantile(0.5) }

    /// The value that so large a part of the samples does not exceed; nil of none.
    func quantile(_ part: Double) -> Double? {
        guard !samples.isEmpty else { return nil }
        let place = Int((Double(samples.count) * part).rounded(.up)) - 1
        return samples.sorted()[min(max(0, place), samples.count - 1)]
    }

    /// Nil where nothing is promised; what was promised and not measured is missed.
    var holds: Bool? {
        if bound.leastMedian == nil, bound.p99 == nil, bound.most == nil { return nil }
        guard let median, let p99 = quantile(0.99), let worst = samples.max() else { return false }
        return median >= bound.leastMedian ?? -.infinity && p99 <= bound.p99 ?? .infinity
            && worst <= bound.most ?? .infinity
    }
}

extension Double {
    init(_ duration: Duration) { self = duration / .seconds(1) }
}
