import Foundation

/// On what, and beside what else, figures were measured; and what the system knows of processes.
enum Machine {
    static var description: String {
        """
        \(first("/proc/cpuinfo", after: "model name")), \(ProcessInfo.processInfo.activeProcessorCount) cores, \
        Linux \(word("/proc/sys/kernel/osrelease")); load before: \(load)
        """
    }

    /// The load averages of the last 1, 5 and 15 minutes.
    static var load: String { word("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ") }

    /// The CPU time that a process and all its threads have spent, in seconds (proc(5), utime and stime).
    static func cpuSeconds(of process: Int32) -> Double {
        // The name of the program, in parentheses, may have spaces in it.
        let fields = text("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What a process holds in memory now, and held at most, in megabytes (proc(5), VmRSS and VmHWM).
    static func megabytes(of process: Int32) -> (now: Double, peak: Double) {
        func size(_ name: String) -> Double {
            first("/proc/\(process)/status", after: name).split(separator: " ").first.flatMap { Double($0) } ?? 0
        }
        return (size("VmRSS") * 1_024 / 1e6, size("VmHWM") * 1_024 / 1e6)
    }

    /// The megabytes of files without a name that a process keeps in memory (memfd_create(2)), mapped or not.
    static func namelessMegabytes(of process: Int32) -> Double {
        let folder = "/proc/\(process)/fd"
        let bytes = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { name -> Double in
            let path = "\(folder)/\(name)"
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path))?.hasPrefix("/memfd:") == true
            else { return 0 }
            var status = stat()
            // Safe because stat(2) fills the structure and keeps nothing.
            return unsafe stat(path, &status) == 0 ? Double(status.st_blocks) * 512 : 0
        }
        return bytes.reduce(0, +) / 1e6
    }

    static func children(of process: Int32) -> [Int32] {
        text("/proc/\(process)/task/\(process)/children").split(separator: " ").compactMap { Int32($0) }
    }

    private static func word(_ path: String) -> String { text(path).trimmingCharacters(in: .whitespacesAndNewlines) }

    private static func first(_ path: String, after name: String) -> String {
        let line = text(path).split(separator: "\n").first { $0.hasPrefix(name) }
        let value = line?.split(separator: ":", maxSplits: 1).last
        return value.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
