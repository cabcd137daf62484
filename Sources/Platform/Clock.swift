package import Model

/// A timer that has been set; cancelling one that fired does nothing.
@Loop
package protocol TimerHandle: AnyObject, Sendable {
    func cancel()
}

/// The clocks of one host.
@Loop
package protocol Clock: AnyObject, Sendable {
    var now: MonotonicTime { get }

    /// Milliseconds since 1970, which may jump: for dates shown to people and for stamps, never for deadlines.
    var wallMs: Int64 { get }

    /// Calls `action` on the loop at `time` or as soon after as it can.
    func schedule(at time: MonotonicTime, _ action: @escaping @Loop @Sendable () -> Void) -> any TimerHandle

    /// Returns at `time`, or earlier when the task is cancelled.
    func sleep(until time: MonotonicTime) async
}

extension Clock {
    package func sleep(for duration: Duration) async { await sleep(until: now + duration) }
}
