internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// What epoll says about a descriptor.
struct Readiness: OptionSet {
    let rawValue: UInt32

    static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The other end has closed or reset: both directions are worth a try, and will say what happened.
    static let hungUp = Readiness(rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// Gets the events of a descriptor.
@Loop
protocol ReadinessHandler: AnyObject {
    func became(_ readiness: Readiness)
}

/// A descriptor's place in the reactor; the generation tells a late event of an earlier owner.
struct Registration {
    fileprivate let index: UInt32
    fileprivate let generation: UInt32
}

/// The loop's table of descriptors, its timers, and those who wait for the next turn.
@Loop
final class Reactor {
    private struct Slot {
        var generation: UInt32 = 0
        weak var handler: (any ReadinessHandler)?
    }

    static let shared = Reactor()

    private var epoll: Int32 = -1
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private var nextTurn: [Suspended<Void>] = []
    private var budget = Reactor.bytesPerTurn
    let timers = TimerHeap()

    /// Bytes that all streams together may move before the loop asks its sockets and timers again: about half a
    /// millisecond.
    private static let bytesPerTurn = 1 << 20

    nonisolated static var now: MonotonicTime { MonotonicTime(nanoseconds: rondo_monotonic_ns()) }

    func start(epoll: Int32) { self.epoll = epoll }

    // MARK: Descriptors

    enum Trigger {
        /// Tells of each change once: for those who try first and wait only after EAGAIN.
        case edge
        /// Tells as long as there is something to read.
        case level
    }

    func register(
        _ descriptor: Int32, _ trigger: Trigger, _ handler: any ReadinessHandler
    ) throws(StreamError) -> Registration {
        let index = free.popLast() ?? UInt32(slots.count)
        if index == slots.count { slots.append(Slot()) }
        slots[Int(index)].handler = handler
        let registration = Registration(index: index, generation: slots[Int(index)].generation)
        let result = control(EPOLL_CTL_ADD, descriptor, registration, mask(trigger))
        if result < 0 {
            release(registration)
            throw .failed(-result)
        }
        return registration
    }

    /// Must come before the descriptor is closed.
    func remove(_ descriptor: Int32, _ registration: Registration) {
        _ = control(EPOLL_CTL_DEL, descriptor, registration, 0)
        release(registration)
    }

    /// Stops or restarts the events of a level-triggered descriptor.
    func setPaused(_ isPaused: Bool, _ descriptor: Int32, _ registration: Registration) {
        _ = control(EPOLL_CTL_MOD, descriptor, registration, isPaused ? 0 : mask(.level))
    }

    private func release(_ registration: Registration) {
        slots[Int(registration.index)].handler = nil
        slots[Int(registration.index)].generation &+= 1
        free.append(registration.index)
    }

    private func mask(_ trigger: Trigger) -> UInt32 {
        switch trigger {
        case .edge: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        case .level: EPOLLIN.rawValue
        }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ registration: Registration, _ mask: UInt32) -> Int32
    {
        let data = UInt64(registration.generation) << 32 | UInt64(registration.index)
        return rondo_epoll_control(epoll, operation, descriptor, mask, data)
    }

    // MARK: Turns

    /// How long epoll may wait; negative for ever.
    var nanosecondsToNext: Int64 {
        if !nextTurn.isEmpty { return 0 }
        guard let next = timers.next else { return -1 }
        return max(0, next.nanoseconds - Self.now.nanoseconds)
    }

    func beginTurn() { budget = Self.bytesPerTurn }

    func dispatch(_ data: UInt64, _ mask: UInt32) {
        let slot = slots[Int(data & 0xFFFF_FFFF)]
        guard slot.generation == UInt32(data >> 32), let handler = slot.handler else { return }
        handler.became(Readiness(rawValue: mask))
    }

    func endTurn() {
        timers.fire(until: Self.now)
        let waiting = nextTurn
        nextTurn.removeAll(keepingCapacity: true)
        for task in waiting { task.resume(returning: ()) }
    }

    /// Counts bytes that a stream moved; past the turn's budget it lets everyone else have a turn first, so that one
    /// fast transfer does not stop the heartbeats.
    func spend(_ bytes: Int) async {
        budget -= bytes
        guard budget < 0 else { return }
        await Suspended.wait { nextTurn.append($0) }
    }
}
