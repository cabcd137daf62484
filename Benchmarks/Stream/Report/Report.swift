import Foundation

/// The table with what it was measured on, for the screen and for the folder of results.
struct Report {
    let options: Options
    let machine = Machine.description
    let began = Date()
    var figures: [Figure] = []

    init(_ options: Options) { self.options = options }

    var holds: Bool { figures.allSatisfy { $0.holds != false } }

    var text: String {
        let minutes = Int(Date().timeIntervalSince(began) / 60)
        let missed = figures.filter { $0.holds == false }.count
        let verdict = missed == 0 ? "All bounds are met." : "\(missed) bounds are missed."
        return """
            \(stamp.replacing("T", with: " ").dropLast(3)) UTC, \(minutes) min, \(options.rounds) rounds
            \(machine); load after: \(Machine.load)

            \(table)
            \(verdict)

            """
    }

    private static let header = ["figure", "values", "median", "p99", "worst", "bound", ""]

    private var table: String {
        let rows = [Self.header] + figures.map(Self.row)
        let widths = Self.header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 || column == row.count - 1 ? row[column] + space : space + row[column]
            }.joined(separator: "  ").trimmingCharacters(in: .whitespaces) + "\n"
        }.joined()
    }

    private static func row(_ figure: Figure) -> [String] {
        let verdict = figure.holds.map { $0 ? "ok" : "MISSED" } ?? ""
        // Of a ratio the low end is the bad one.
        let isRatio = figure.unit == .ratio
        return [
            figure.name, String(figure.samples.count), number(figure.median, figure.unit),
            isRatio ? "" : number(figure.quantile(0.99), figure.unit),
            number(isRatio ? figure.samples.min() : figure.samples.max(), figure.unit), bound(figure),
            [verdict, figure.note].filter { !$0.isEmpty }.joined(separator: ", "),
        ]
    }

    private static func bound(_ figure: Figure) -> String {
        [
            figure.bound.leastMedian.map { "median ≥ " + number($0, figure.unit) },
            figure.bound.p99.map { "p99 ≤ " + number($0, figure.unit) },
            figure.bound.most.map { "≤ " + number($0, figure.unit) },
        ].compactMap(\.self).joined(separator: ", ")
    }

    private static func number(_ value: Double?, _ unit: Unit) -> String {
        guard let value else { return "" }
        guard value.isFinite else { return "never" }
        switch unit {
        case .ratio: return String(format: "%.2f", value)
        case .time where value < 0.1: return String(format: "%.1f ms", value * 1_000)
        case .time where value < 1: return String(format: "%.0f ms", value * 1_000)
        case .time: return String(format: "%.2f s", value)
        case .count: return String(format: "%.0f", value)
        case .megabytes: return String(format: "%.0f MB", value)
        }
    }

    private var stamp: String { began.ISO8601Format().replacing("Z", with: "") }

    /// Writes the table into a file named after the time at which the measurement began.
    func keep() throws {
        try FileManager.default.createDirectory(atPath: options.results, withIntermediateDirectories: true)
        let name = stamp.replacing(":", with: "").replacing("T", with: "-").dropLast(2)
        try text.write(toFile: "\(options.results)/\(name)-stream.txt", atomically: true, encoding: .utf8)
    }
}
