import Model

/// Which timer of each kind is the current one; events of replaced ones are ignored.
struct TimerGenerations: Sendable {
    /// Few at a time: a list is searched faster than a table.
    private var current: [Ring.Timer] = []
    private var last: UInt64 = 0

    private func place(of kind: Ring.Timer.Kind) -> Int? { current.firstIndex { $0.kind == kind } }

    mutating func make(_ kind: Ring.Timer.Kind) -> Ring.Timer {
        last += 1
        let timer = Ring.Timer(kind: kind, generation: last)
        if let place = place(of: kind) { current[place] = timer } else { current.append(timer) }
        return timer
    }

    /// Forgets the timer of this kind, and names it if there is one.
    mutating func remove(_ kind: Ring.Timer.Kind) -> Ring.Timer? {
        place(of: kind).map { current.remove(at: $0) }
    }

    func isSet(_ kind: Ring.Timer.Kind) -> Bool { place(of: kind) != nil }

    /// Whether this one has not been replaced; it is used up by the question.
    mutating func isCurrent(_ timer: Ring.Timer) -> Bool {
        guard let place = current.firstIndex(of: timer) else { return false }
        current.remove(at: place)
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
