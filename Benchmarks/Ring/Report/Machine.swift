import Foundation

/// On what, and beside what else, figures were measured.
enum Machine {
    static var description: String {
        """
        \(first("/proc/cpuinfo", after: "model name")), \(ProcessInfo.processInfo.activeProcessorCount) cores, \
        \(memory), Linux \(word("/proc/sys/kernel/osrelease")); load before: \(load)
        """
    }

    /// The load averages of the last 1, 5 and 15 minutes.
    static var load: String { word("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ") }

    private static var memory: String {
        let kilobytes = first("/proc/meminfo", after: "MemTotal").split(separator: " ").first
        return String(format: "%.1f GB", (kilobytes.flatMap { Double($0) } ?? 0) / 1_000_000)
    }

    private static func word(_ path: String) -> String { text(path).trimmingCharacters(in: .whitespacesAndNewlines) }

    private static func first(_ path: String, after name: String) -> String {
        let line = text(path).split(separator: "\n").first { $0.hasPrefix(name) }
        let value = line?.split(separator: ":", maxSplits: 1).last
        return value.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
