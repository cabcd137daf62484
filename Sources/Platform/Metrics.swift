/// One series of a counter or gauge, for whoever counts so often that finding it each time would cost more.
@Loop
package final class MetricSeries {
    package fileprivate(set) var value = 0.0

    package func add(_ amount: Double = 1) { value += amount }
}

/// Counters, gauges and histograms of one server, rendered as Prometheus text (exposition format 0.0.4).
@Loop
package final class Metrics {
    private struct Series {
        var kind: String
        var help: String
        var values: [String: MetricSeries] = [:]
    }

    private struct Histogram {
        var help: String
        var bounds: [Double]
        /// One for each bound and one for what lies above them all.
        var counts: [Int]
        var sum = 0.0
    }

    private var series: [String: Series] = [:]
    private var histograms: [String: Histogram] = [:]

    package init() {}

    /// Adds to a counter; `labels` as Prometheus writes them, `role="data"`.
    package func count(_ name: String, _ help: String, labels: String = "", by amount: Double = 1) {
        counter(name, help, labels: labels).add(amount)
    }

    /// The series of a counter, to be added to.
    package func counter(_ name: String, _ help: String, labels: String = "") -> MetricSeries {
        one(name, "counter", help, labels)
    }

    private func one(_ name: String, _ kind: String, _ help: String, _ labels: String) -> MetricSeries {
        if let known = series[name]?.values[labels] { return known }
        let new = MetricSeries()
        series[name, default: Series(kind: kind, help: help)].values[labels] = new
        return new
    }

    package func set(_ name: String, _ help: String, labels: String = "", to value: Double) {
        one(name, "gauge", help, labels).value = value
    }

    package func value(_ name: String, labels: String = "") -> Double { series[name]?.values[labels]?.value ?? 0 }

    /// Adds a value to a histogram; `bounds` are the upper ends of its buckets, ascending, and the same in every call.
    package func observe(_ name: String, _ help: String, _ value: Double, bounds: [Double]) {
        let empty = Histogram(help: help, bounds: bounds, counts: [Int](repeating: 0, count: bounds.count + 1))
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        histograms[name, default: empty].counts[bucket] += 1
        histograms[name, default: empty].sum += value
    }

    package var text: String {
        let plain = series.map { ($0.key, Self.text($0.key, $0.value)) }
        let others = histograms.map { ($0.key, Self.text($0.key, $0.value)) }
        return (plain + others).sorted { $0.0 < $1.0 }.map(\.1).joined()
    }

    private static func text(_ name: String, _ one: Series) -> String {
        var text = "# HELP \(name) \(one.help)\n# TYPE \(name) \(one.kind)\n"
        for (labels, value) in one.values.mapValues(\.value).sorted(by: { $0.key < $1.key }) {
            text += labels.isEmpty ? "\(name) \(number(value))\n" : "\(name){\(labels)} \(number(value))\n"
        }
        return text
    }

    private static func text(_ name: String, _ one: Histogram) -> String {
        var text = "# HELP \(name) \(one.help)\n# TYPE \(name) histogram\n"
        var below = 0
        for (bound, count) in zip(one.bounds.map(number) + ["+Inf"], one.counts) {
            below += count
            text += "\(name)_bucket{le=\"\(bound)\"} \(below)\n"
        }
        return text + "\(name)_sum \(number(one.sum))\n\(name)_count \(below)\n"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
