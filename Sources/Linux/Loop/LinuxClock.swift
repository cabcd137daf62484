internal import CLinux
package import Model
package import Platform

/// The clocks of this host; timers run on the event loop, up to a millisecond late.
@Loop
package final class LinuxClock: Clock {
    package init() {}

    package var now: MonotonicTime { Reactor.now }
    package var wallMs: Int64 { rondo_wall_ms() }
    /// Microseconds since 1970, as log lines of programs bear them.
    package var wallMicroseconds: Int64 { rondo_wall_us() }

    package func schedule(
        at time: MonotonicTime, _ action: @escaping @Loop @Sendable () -> Void
    ) -> any TimerHandle {
        Reactor.shared.timers.schedule(at: time, action)
    }

    package func sleep(until time: MonotonicTime) async { _ = await WaitPoint().wait(after: 0, until: time) }
}
