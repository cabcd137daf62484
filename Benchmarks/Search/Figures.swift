import Foundation

/// How long questions of one kind took.
struct Figure: Sendable {
    let name: String
    var times: [Double] = []
    /// What the 99th of a hundred must not exceed, in seconds; nil where nothing is promised.
    var bound: Double?
    var note = ""

    init(_ name: String, bound: Double? = 0.010) {
        self.name = name
        self.bound = bound
    }

    /// The time within which so large a part of the questions was answered.
    func quantile(_ part: Double) -> Double {
        let sorted = times.sorted()
        guard let last = sorted.last else { return .infinity }
        let place = Int((Double(sorted.count) * part).rounded(.up)) - 1
        return sorted.indices.contains(place) ? sorted[place] : last
    }

    var holds: Bool { bound.map { quantile(0.99) <= $0 } ?? true }
}

/// A size beside what it must not exceed.
struct Size: Sendable {
    let name: String
    let bytes: Int
    var bound: Int?
    var holds: Bool { bound.map { bytes <= $0 } ?? true }
}

/// The table, for the screen and for the folder of results.
struct Report {
    var machine = Machine.description
    let began = Date()
    let songs: Int
    var figures: [(title: String, rows: [Figure])] = []
    var sizes: [Size] = []
    var facts: [String] = []

    var holds: Bool { figures.allSatisfy { $0.rows.allSatisfy(\.holds) } && sizes.allSatisfy(\.holds) }

    init(songs: Int) { self.songs = songs }

    var text: String {
        let minutes = Int(Date().timeIntervalSince(began) / 60)
        let head = "\(stamp.replacing("T", with: " ").dropLast(3)) UTC, \(minutes) min, \(songs) songs\n\(machine)\n"
        let missed = figures.flatMap(\.rows).filter { !$0.holds }.count + sizes.filter { !$0.holds }.count
        let verdict = missed == 0 ? "All bounds are met." : "\(missed) bounds are missed."
        return head + facts.map { $0 + "\n" }.joined() + "\n" + tables + "\n" + sizeLines + "\n\(verdict)\n"
    }

    private var tables: String {
        figures.map { title, rows in
            let cells = [[title, "queries", "p50", "p99", "worst", "bound", ""]] + rows.map(Self.cells)
            let widths = (0..<7).map { column in cells.map { $0[column].count }.max() ?? 0 }
            return cells.map { row in
                row.indices.map { column in
                    let space = String(repeating: " ", count: widths[column] - row[column].count)
                    return column == 0 || column == 6 ? row[column] + space : space + row[column]
                }.joined(separator: "  ").trimmingCharacters(in: .whitespaces) + "\n"
            }.joined()
        }.joined(separator: "\n")
    }

    private static func cells(_ figure: Figure) -> [String] {
        [
            figure.name, String(figure.times.count), ms(figure.quantile(0.5)), ms(figure.quantile(0.99)),
            ms(figure.times.max() ?? .infinity), figure.bound.map { "p99 ≤ " + ms($0) } ?? "",
            (figure.bound == nil ? "" : figure.holds ? "ok" : "MISSED") + figure.note,
        ]
    }

    private var sizeLines: String {
        sizes.map { size in
            let bound = size.bound.map { " (≤ \($0 / 1_000_000) MB: \(size.holds ? "ok" : "MISSED"))" } ?? ""
            return "\(size.name): \(size.bytes / 1_000_000) MB\(bound)\n"
        }.joined()
    }

    private static func ms(_ seconds: Double) -> String { String(format: "%.2f ms", seconds * 1_000) }

    private var stamp: String { began.ISO8601Format().replacing("Z", with: "") }

    /// Writes the table into a file named after the time at which the measurement began.
    func keep(in folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let name = stamp.replacing(":", with: "").replacing("T", with: "-").dropLast(2)
        try text.write(toFile: "\(folder)/\(name)-search.txt", atomically: true, encoding: .utf8)
    }
}

/// On what, and beside what else, it was measured.
enum Machine {
    static var description: String {
        let processor = first("/proc/cpuinfo", after: "model name")
        return "\(processor), \(ProcessInfo.processInfo.activeProcessorCount) cores, load before: "
            + text("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
    }

    /// What a process holds in memory now, and held at most, in bytes (proc(5), VmRSS and VmHWM).
    static func memory(of process: Int32) -> (now: Int, peak: Int) {
        let path = "/proc/\(process)/status"
        func bytes(_ name: String) -> Int {
            first(path, after: name).split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
        }
        return (bytes("VmRSS"), bytes("VmHWM"))
    }

    private static func first(_ path: String, after name: String) -> String {
        let line = text(path).split(separator: "\n").first { $0.hasPrefix(name) }
        let value = line?.split(separator: ":", maxSplits: 1).last
        return value.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
