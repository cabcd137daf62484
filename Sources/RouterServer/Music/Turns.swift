internal import Model
internal import Platform

/// Lets so many do something at the same time; the others wait in the order in which they came, each up to its
/// deadline.
@Loop
final class Turns {
    private let clock: any Clock
    private var free: Int
    private var waiting: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    /// The number that the next one in line gets, and the first that has had no turn yet.
    private var next: UInt64 = 0
    private var first: UInt64 = 0

    init(atOnce count: Int, clock: any Clock) {
        free = count
        self.clock = clock
    }

    /// - Returns: whether the turn came by `deadline`; whoever has it calls `end`.
    func begin(by deadline: MonotonicTime) async -> Bool {
        if free > 0 {
            free -= 1
            return true
        }
        let number = next
        next += 1
        let timer = clock.schedule(at: deadline) { [weak self] in
            self?.waiting.removeValue(forKey: number)?.resume(returning: false)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { waiting[number] = $0 }
    }

    /// Hands the turn to the next in line, so that no newcomer slips in between.
    func end() {
        while first < next {
            let one = waiting.removeValue(forKey: first)
            first += 1
            if let one { return one.resume(returning: true) }
        }
        free += 1
    }
}
