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
/// Its timer is set once and moved only when it fires or comes too late: a busy stream waits thousands of times a second
/// with deadlines that never pass.
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

    /// Waits for `wake`, for `deadline`, or until the task is cancelled.
    func wait(until deadline: MonotonicTime) async -> Wakeup {
        if Task.isCancelled { return .cancelled }
        if deadline <= Reactor.now { return .timedOut }
        number += 1
        let own = number
        return await withTaskCancellationHandler {
            await Suspended.wait { task in
                waiters.append(Waiter(number: own, deadline: deadline, task: task))
                setTimer(deadline)
            }
        } onCancel: {
            Loop.spawn("cancel a wait") { self.wake(.cancelled) { $0.number == own } }
        }
    }

    /// Wakes everybody who waits.
    func wake(_ wakeup: Wakeup) {
        if !waiters.isEmpty { wake(wakeup) { _ in true } }
    }

    /// Wakes everybody and forgets the timer, which would keep this object.
    func close() {
        wake(.closed)
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
