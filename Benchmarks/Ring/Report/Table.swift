import Foundation

/// The figures as lines of text for people, in columns.
enum Table {
    private static let header = ["figure", "N", "runs", "median", "worst", "bound", "serf", "worst", "ratio", ""]

    static func text(_ figures: [Figure]) -> String {
        let rows = [header] + figures.map(row)
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 || index == header.count - 1 ? cell.0 + space : space + cell.0
            }
            return cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces) + "\n"
        }.joined()
    }

    private static func row(_ figure: Figure) -> [String] {
        let verdict = figure.holds.map { $0 ? "ok" : "MISSED" } ?? ""
        return [
            figure.name, figure.servers.map(String.init) ?? "", String(figure.samples.count),
            number(Figure.median(figure.samples), figure.unit), number(figure.samples.max(), figure.unit),
            bound(figure), number(Figure.median(figure.peer), figure.unit), number(figure.peer.max(), figure.unit),
            figure.ratio.map { String(format: "%.1f", $0) } ?? "",
            [verdict, figure.note].filter { !$0.isEmpty }.joined(separator: ", "),
        ]
    }

    private static func bound(_ figure: Figure) -> String {
        let bound = figure.bound
        let parts = [
            bound.median.map { "median ≤ " + number($0, figure.unit) },
            bound.worst.map { "≤ " + number($0, figure.unit) },
            bound.least.map { "≥ " + number($0, figure.unit) },
            bound.leastMedian.map { "median ≥ " + number($0, figure.unit) },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    /// A number with its unit, with no more digits than it deserves.
    static func number(_ value: Double?, _ unit: Unit) -> String {
        guard let value else { return "" }
        guard value.isFinite else { return "never" }
        switch unit {
        case .time where value < 0.1: return String(format: "%.1f ms", value * 1_000)
        case .time where value < 1: return String(format: "%.0f ms", value * 1_000)
        case .time: return String(format: "%.2f s", value)
        case .rate: return String(format: "%.2f KB/s", value / 1_000)
        case .count: return String(format: "%.0f", value)
        case .ratio: return String(format: "%.2f", value)
        }
    }
}
