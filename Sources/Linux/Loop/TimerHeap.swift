internal import Model
internal import Platform

/// A timer of the loop; it knows its place in the heap so that cancelling it leaves nothing behind.
final class LoopTimer: TimerHandle {
    fileprivate(set) var time: MonotonicTime
    fileprivate let sequence: UInt64
    fileprivate var action: (@Loop @Sendable () -> Void)?
    fileprivate var position: Int?
    private let heap: TimerHeap

    fileprivate init(
        _ time: MonotonicTime, sequence: UInt64, heap: TimerHeap, action: @escaping @Loop @Sendable () -> Void
    ) {
        self.time = time
        self.sequence = sequence
        self.heap = heap
        self.action = action
    }

    func cancel() {
        heap.remove(self)
        action = nil
    }

    fileprivate func isBefore(_ other: LoopTimer) -> Bool {
        time != other.time ? time < other.time : sequence < other.sequence
    }
}

/// The loop's timers, the earliest first; those of one time in the order in which they were set.
@Loop
final class TimerHeap {
    private var timers: [LoopTimer] = []
    private var sequence: UInt64 = 0

    /// When the earliest timer fires.
    var next: MonotonicTime? { timers.first?.time }
    var count: Int { timers.count }

    func schedule(at time: MonotonicTime, _ action: @escaping @Loop @Sendable () -> Void) -> LoopTimer {
        sequence += 1
        let timer = LoopTimer(time, sequence: sequence, heap: self, action: action)
        timers.append(timer)
        timer.position = timers.count - 1
        moveUp(timers.count - 1)
        return timer
    }

    /// Runs what is due at `now`. A timer that is set meanwhile waits for the next turn, however early it is.
    func fire(until now: MonotonicTime) {
        let last = sequence
        while let first = timers.first, first.time <= now, first.sequence <= last {
            remove(first)
            let action = first.action
            first.action = nil
            action?()
        }
    }

    fileprivate func remove(_ timer: LoopTimer) {
        guard let position = timer.position else { return }
        timer.position = nil
        let moved = timers.removeLast()
        guard moved !== timer else { return }
        place(moved, at: position)
        moveUp(position)
        moveDown(moved.position ?? position)
    }

    private func place(_ timer: LoopTimer, at position: Int) {
        timers[position] = timer
        timer.position = position
    }

    private func moveUp(_ start: Int) {
        var position = start
        while position > 0, timers[position].isBefore(timers[(position - 1) / 2]) {
            exchange(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
    }

    private func moveDown(_ start: Int) {
        var position = start
        while true {
            var first = position
            for child in [2 * position + 1, 2 * position + 2] where child < timers.count {
                if timers[child].isBefore(timers[first]) { first = child }
            }
            if first == position { return }
            exchange(position, first)
            position = first
        }
    }

    private func exchange(_ one: Int, _ other: Int) {
        let timer = timers[one]
        place(timers[other], at: one)
        place(timer, at: other)
    }
}
