import Model

/// Which timer of each kind is the current one; events of replaced ones are ignored.
struct TimerGenerations: Sendable {
    private var current: [Ring.Timer.Kind: UInt64] = [:]
    private var last: UInt64 = 0

    mutating func make(_ kind: Ring.Timer.Kind) -> Ring.Timer {
        last += 1
        current[kind] = last
        return Ring.Timer(kind: kind, generation: last)
    }

    /// Forgets the timer of this kind, and names it if there is one.
    mutating func remove(_ kind: Ring.Timer.Kind) -> Ring.Timer? {
        current.removeValue(forKey: kind).map { Ring.Timer(kind: kind, generation: $0) }
    }

    func isSet(_ kind: Ring.Timer.Kind) -> Bool { current[kind] != nil }

    /// Whether this one has not been replaced; it is used up by the question.
    mutating func isCurrent(_ timer: Ring.Timer) -> Bool {
        guard current[timer.kind] == timer.generation else { return false }
        current[timer.kind] = nil
        return true
    }
}

extension Ring {
    mutating func setTimer(_ kind: Timer.Kind, at time: MonotonicTime) {
        effects.append(.setTimer(timers.make(kind), at: time))
    }

    mutating func cancelTimer(_ kind: Timer.Kind) {
        if let timer = timers.remove(kind) { effects.append(.cancelTimer(timer)) }
    }
}
