/// Counters and gauges of one server, rendered as Prometheus text (exposition format 0.0.4).
@Loop
package final class Metrics {
    private struct Series {
        var kind: String
        var help: String
        var values: [String: Double] = [:]
    }

    private var series: [String: Series] = [:]

    package init() {}

    /// Adds to a counter; `labels` as Prometheus writes them, `role="data"`.
    package func count(_ name: String, _ help: String, labels: String = "", by amount: Double = 1) {
        series[name, default: Series(kind: "counter", help: help)].values[labels, default: 0] += amount
    }

    package func set(_ name: String, _ help: String, labels: String = "", to value: Double) {
        series[name, default: Series(kind: "gauge", help: help)].values[labels] = value
    }

    package func value(_ name: String, labels: String = "") -> Double { series[name]?.values[labels] ?? 0 }

    package var text: String {
        var text = ""
        for (name, one) in series.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) \(one.help)\n# TYPE \(name) \(one.kind)\n"
            for (labels, value) in one.values.sorted(by: { $0.key < $1.key }) {
                let number = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
                text += labels.isEmpty ? "\(name) \(number)\n" : "\(name){\(labels)} \(number)\n"
            }
        }
        return text
    }
}
