package import Model
package import Registry

/// One simulated registry: its machine while its process runs. It keeps nothing but its id: started again, it is empty.
package struct SimulatedRegistry {
    package let index: Int
    package let id: ServerID
    package let endpoint: Endpoint
    package var incarnation = Incarnation(0)
    package var process = SimulatedServer.Process.down
    /// Counts the starts of the process, so that what belonged to an earlier one is dropped.
    package var run = 0
    package var machine: Registry?
    /// When it started or went on.
    package internal(set) var upSince = MonotonicTime.zero
    /// Counts the timers that it set: the last one replaces those before.
    package var timer: UInt64 = 0
    /// What came in while it was paused.
    package var backlog: [RingWorld.Happening] = []
    package var clocks = HostClocks()

    /// Its place in the network; ring servers have the numbers from 0 on.
    package var host: Int { SimulatedRegistry.host(index) }

    package static func host(_ index: Int) -> Int { -1 - index }

    package var isUp: Bool { process == .up }
}

/// The clocks of one host. Machines see the monotonic one alone, which counts from another start on every host.
package struct HostClocks: Hashable, Sendable {
    /// What the monotonic clock shows at the beginning of the world.
    package var monotonicStart: Duration = .zero
    /// How far the wall clock is off; it may step at any time.
    package var wallError: Duration = .zero

    package init() {}

    /// The time of the world on this host's monotonic clock.
    package func local(_ time: MonotonicTime) -> MonotonicTime { time + monotonicStart }

    /// The other way round.
    package func global(_ time: MonotonicTime) -> MonotonicTime {
        time == .distantFuture ? time : time - monotonicStart
    }

    /// Milliseconds since 1970 on the wall clock; the world begins in 2026.
    package func wallMs(_ time: MonotonicTime) -> Int64 {
        max(0, 1_780_000_000_000 + (time.nanoseconds + wallError.nanoseconds) / 1_000_000)
    }
}
