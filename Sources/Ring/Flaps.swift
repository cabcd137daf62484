import Model

/// Servers that die again and again: they count for roles and placement only after they have lived for a while.
struct Flaps: Sendable {
    private struct Record: Sendable {
        var deaths: [MonotonicTime] = []
        var rest: Duration?
        var until = MonotonicTime.zero
    }

    private var records: [ServerID: Record] = [:]

    mutating func died(_ server: ServerID, at now: MonotonicTime, _ configuration: Ring.Configuration) {
        var record = records[server] ?? Record()
        record.deaths.removeAll { now - $0 > configuration.flapWindow }
        if record.deaths.isEmpty { record.rest = nil }
        record.deaths.append(now)
        if record.deaths.count >= configuration.flapDeaths {
            record.rest = record.rest.map { min($0 * 2, configuration.flapMaximum) } ?? configuration.flapRest
        }
        records[server] = record
    }

    /// - Returns: from when on the server counts again, if it is to wait.
    mutating func returned(
        _ server: ServerID, at now: MonotonicTime, _ configuration: Ring.Configuration
    ) -> MonotonicTime? {
        guard let rest = records[server]?.rest else { return nil }
        records[server]?.until = now + rest
        return now + rest
    }

    /// The servers that do not count now.
    func damped(at now: MonotonicTime) -> [ServerID] {
        records.isEmpty ? [] : records.filter { now < $0.value.until }.keys.sorted()
    }

    func isDamped(_ server: ServerID, at now: MonotonicTime) -> Bool {
        guard let record = records[server] else { return false }
        return now < record.until
    }
}
