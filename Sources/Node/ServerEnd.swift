internal import Model
internal import Platform
internal import Registry
internal import Ring

/// The end of a server, which may come before anyone waits for it.
@Loop
final class ServerEnd {
    private var hasCome = false
    private var failure: StartFailure?
    private var waiter: CheckedContinuation<Void, Never>?

    func come(_ failure: StartFailure?) {
        guard !hasCome else { return }
        hasCome = true
        self.failure = failure
        waiter?.resume()
        waiter = nil
    }

    func wait() async -> StartFailure? {
        if !hasCome { await withCheckedContinuation { waiter = $0 } }
        return failure
    }
}

/// The first lease that any registry gives.
@Loop
final class FirstAnswer {
    private let wake: Wake
    private let clock: any Clock
    private var answer: LeaseAnswer?
    private var isOver = false

    init(clock: any Clock) {
        self.clock = clock
        wake = Wake(clock: clock)
    }

    func give(_ answer: LeaseAnswer) {
        guard self.answer == nil else { return }
        self.answer = answer
        wake.wake()
    }

    /// Whoever waits learns that there will be none.
    func giveUp() {
        isOver = true
        wake.wake()
    }

    /// Nil when there is none by `time`.
    func wait(until time: MonotonicTime) async -> LeaseAnswer? {
        while answer == nil, !isOver, clock.now < time { await wake.wait(until: time) }
        return answer
    }
}

extension LeaseContact {
    var contact: Ring.Contact { Ring.Contact(endpoint: peer, life: life) }
}
