internal import Model
internal import Platform

/// How a wait ended.
enum Wakeup: Sendable {
    case ready
    case timedOut
    /// What was waited for is gone.
    case closed
    case cancelled
}

/// A place to wait for one thing, each waiter with a deadline of its own.
///
/// Between a try that found nothing and the wait for the next chance other code may run: an `await` is allowed to go
/// round through the loop's queue. So whoever tries first takes the count of wakes before it, and the wait ends at once
/// when there was another one since.
///
/// Its timer is set once and moved only when it fires or comes too late: a busy stream waits thousands of times a
/// second with deadlines that never pass.
@Loop
final class WaitPoint {
    private struct Waiter {
        let number: UInt64
        let deadline: MonotonicTime
        let task: Suspended<Wakeup>
    }

    // Nearly always none or one.
    private var waiters: [Waiter] = []
    private var timer: LoopTimer?
    private var number: UInt64 = 0
    private var isClosed = false
    /// How often it was woken.
    private(set) var wakes: UInt64 = 0

    /// Waits for a wake beyond the first `count`, for `deadline`, or until the task is cancelled.
    func wait(after count: UInt64, until deadline: MonotonicTime) async -> Wakeup {
        number += 1
        let own = number
        return await withTaskCancellationHandler {
            await Suspended.wait { task in
                // Nothing runs on the loop between these questions and the entry in the list.
                if let wakeup = answer(count, deadline) { return task.resume(returning: wakeup) }
                waiters.append(Waiter(number: own, deadline: deadline, task: task))
                setTimer(deadline)
            }
        } onCancel: {
            Loop.spawn("cancel a wait") { self.wake(.cancelled) { $0.number == own } }
        }
    }

    /// How a wait ends that need not begin.
    private func answer(_ count: UInt64, _ deadline: MonotonicTime) -> Wakeup? {
        if isClosed { return .closed }
        if wakes != count { return .ready }
        if Task.isCancelled { return .cancelled }
        return deadline <= Reactor.now ? .timedOut : nil
    }

    /// Wakes everybody who waits, and whoever has tried and is about to wait.
    func wake() {
        wakes += 1
        if !waiters.isEmpty { wake(.ready) { _ in true } }
    }

    /// Ends all waits, also later ones.
    func close() {
        isClosed = true
        wake(.closed) { _ in true }
        timer?.cancel()
        timer = nil
    }

    private func wake(_ wakeup: Wakeup, _ isMeant: (Waiter) -> Bool) {
        let woken = waiters.filter(isMeant)
        waiters.removeAll(where: isMeant)
        for waiter in woken { waiter.task.resume(returning: wakeup) }
    }

    private func setTimer(_ deadline: MonotonicTime) {
        if deadline == .distantFuture { return }
        if let timer, timer.time <= deadline { return }
        timer?.cancel()
        timer = Reactor.shared.timers.schedule(at: deadline) { [weak self] in self?.timerFired() }
    }

    private func timerFired() {
        timer = nil
        let now = Reactor.now
        wake(.timedOut) { $0.deadline <= now }
        if let next = waiters.map(\.deadline).min() { setTimer(next) }
    }
}
