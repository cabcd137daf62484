internal import DataServer
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

/// The first lease that any registry gives, or the first servers that discovery finds.
@Loop
final class FirstAnswer {
    private let wake: Wake
    private let clock: any Clock
    private var answer: LeaseAnswer?
    /// Servers that answered a broadcast.
    private(set) var found: [Ring.Contact] = []
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

    func give(_ contacts: [Ring.Contact]) {
        found += contacts
        if !found.isEmpty { wake.wake() }
    }

    /// Whoever waits learns that there will be none.
    func giveUp() {
        isOver = true
        wake.wake()
    }

    /// Nil when there is none by `time`, or servers are found without one.
    func wait(until time: MonotonicTime) async -> LeaseAnswer? {
        while answer == nil, found.isEmpty, !isOver, clock.now < time { await wake.wait(until: time) }
        return answer
    }
}

extension LeaseContact {
    var contact: Ring.Contact { Ring.Contact(endpoint: peer, life: life) }
}
