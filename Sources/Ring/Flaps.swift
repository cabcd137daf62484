import Model

/// Servers that die again and again, as far as this one saw it: what it tells those that it observes.
struct Flaps: Sendable {
    private struct Record: Sendable {
        var deaths: [MonotonicTime] = []
        var rest: Duration?
        var until = MonotonicTime.zero
        /// It is back and was not told yet.
        var isUntold = false
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

    mutating func returned(_ server: ServerID, at now: MonotonicTime) {
        guard let rest = records[server]?.rest else { return }
        records[server]?.until = now + rest
        records[server]?.isUntold = true
    }

    /// For how long a server is not to count for roles, nil for one that counts.
    func rest(of server: ServerID, at now: MonotonicTime) -> Duration? {
        guard let until = records[server]?.until, now < until else { return nil }
        return until - now
    }

    /// - Returns: whether it is the first time that the server is told since its return.
    mutating func tell(_ server: ServerID) -> Bool {
        guard records[server]?.isUntold == true else { return false }
        records[server]?.isUntold = false
        return true
    }
}

extension Ring {
    /// Tells an observed server that died again and again that it does not count yet; its own entry says it to all.
    ///
    /// Each saw other deaths, so that none but the server itself may decide who counts.
    /// - Parameter again: the message was lost, perhaps.
    mutating func tellDamped(again: Bool) {
        for life in links.observed {
            guard let rest = flaps.rest(of: life.id, at: now), let entry = roster[life.id], entry.life == life,
                flaps.tell(life.id) || (again && !entry.damped)
            else { continue }
            send(.damping(milliseconds: rest.milliseconds), to: entry)
        }
    }

    /// An observer saw this server die again and again: the longest rest that any names holds.
    mutating func rest(for duration: Duration) {
        guard duration > .zero, !renewal.hasLeft else { return }
        renewal.dampedUntil = max(renewal.dampedUntil, now + min(duration, configuration.flapMaximum))
        if !own.damped { updateOwn { $0.damped = true } }
    }

    mutating func endDamping() {
        if own.damped, now >= renewal.dampedUntil { updateOwn { $0.damped = false } }
    }
}
