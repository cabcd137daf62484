internal import CLinux
internal import Glibc
package import Platform
internal import Synchronization

/// The process's loop: one thread that waits in epoll(7) and runs every job of `Loop`.
///
/// It is actor executor and task executor at once. As an actor executor alone it would be slower by a quarter: each
/// resumed continuation would go through the global pool first.
@safe package final class EventLoop: LoopExecutor, @unchecked Sendable {
    // Safe because `local`, `running` and `events` are touched on the loop's thread only; the rest never changes or is
    // locked.
    private var local: [UnownedJob] = []
    private var running: [UnownedJob] = []
    private let events: UnsafeMutablePointer<epoll_event>
    private let remote = Locked<[UnownedJob]>([])
    private let thread = Atomic<UInt>(0)
    private let epoll: Int32
    private let wakeup: Int32

    private static let eventsPerTurn = 256
    /// Rounds of jobs that run before the sockets are asked again.
    private static let roundsPerTurn = 16
    /// Marks the event of `wakeup`; no slot has this number.
    private static let wakeupData = UInt64.max

    private static let shared: EventLoop = {
        let loop = EventLoop()
        Loop.install(loop)
        startThread("rondo-loop") { loop.run() }
        return loop
    }()

    /// Starts the loop's thread and makes it the process's `Loop`; a second call does nothing. Ignores SIGPIPE.
    package static func install() {
        _ = shared
    }

    private init() {
        // A write to a closed connection shall be an error, not the end of the process.
        _ = signal(SIGPIPE, SIG_IGN)
        epoll = rondo_epoll_create()
        wakeup = rondo_eventfd()
        unsafe events = .allocate(capacity: Self.eventsPerTurn)
        invariant(epoll >= 0 && wakeup >= 0, "the system refuses an event loop, errors \(epoll) and \(wakeup)")
        _ = rondo_epoll_control(epoll, EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue, Self.wakeupData)
    }

    private var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            local.append(job)
            return
        }
        let isFirst = remote.withLock { queue in
            queue.append(job)
            return queue.count == 1
        }
        if isFirst {
            var one: UInt64 = 1
            // Safe because eventfd(2) reads the eight bytes of `one` during the call.
            _ = unsafe write(wakeup, &one, 8)
        }
    }

    package func checkIsolated() { invariant(isCurrent, "code of the loop runs on another thread") }
    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let reactor = Loop.assumeIsolated {
            Reactor.shared.start(epoll: epoll)
            return Reactor.shared
        }
        while true {
            runJobs()
            let hasJobs = !local.isEmpty
            Loop.assumeIsolated {
                let count = unsafe rondo_epoll_wait(
                    epoll, events, Int32(Self.eventsPerTurn), hasJobs ? 0 : reactor.nanosecondsToNext)
                reactor.beginTurn()
                for index in 0..<max(0, count) {
                    let data = unsafe rondo_event_data(events, index)
                    if data == Self.wakeupData {
                        takeRemoteJobs()
                    } else {
                        unsafe reactor.dispatch(data, rondo_event_mask(events, index))
                    }
                }
                reactor.endTurn()
            }
        }
    }

    private func takeRemoteJobs() {
        var count: UInt64 = 0
        // Safe because eventfd(2) writes eight bytes into `count` during the call.
        _ = unsafe read(wakeup, &count, 8)
        remote.withLock { queue in
            local.append(contentsOf: queue)
            queue.removeAll(keepingCapacity: true)
        }
    }

    private func runJobs() {
        let serial = unsafe asUnownedSerialExecutor()
        let task = unsafe asUnownedTaskExecutor()
        for _ in 0..<Self.roundsPerTurn where !local.isEmpty {
            swap(&local, &running)
            // Safe because this thread is the executor, and each job is run once.
            for job in running { unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: task) }
            running.removeAll(keepingCapacity: true)
        }
    }
}

extension Loop {
    /// Runs `body` at once, as code of the loop: for what the loop's own thread calls. Elsewhere it stops the process.
    nonisolated package static func assumeIsolated<Value>(_ body: @Loop () -> Value) -> Value {
        shared.preconditionIsolated()
        return withoutActuallyEscaping(body) { body in
            // Safe because the line above has checked the one thing that the type says besides the call itself.
            unsafe unsafeBitCast(body, to: (() -> Value).self)()
        }
    }
}
