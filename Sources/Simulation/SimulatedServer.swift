package import Model
internal import Registry
package import Ring

/// One simulated server: its machine while its process runs, and what its disk keeps when it does not.
package struct SimulatedServer {
    /// The state of the process.
    package enum Process: Hashable, Sendable {
        case down
        /// Reading its home; its port is not open yet.
        case opening
        /// Asking the registries, not yet in the ring.
        case starting
        case up
        /// SIGSTOP: the kernel still takes what comes in.
        case paused
    }

    package let index: Int
    package internal(set) var id: ServerID
    package internal(set) var endpoint: Endpoint
    package var process = Process.down
    /// Its host has lost power or its network: no connection is closed, nothing is refused.
    package var hasVanished = false
    package var isCatchingUp = false
    /// Counts the starts of the process, so that what belonged to an earlier one is dropped.
    package var run = 0
    /// What it has not got round to.
    package var late: [RingWorld.Happening] = []
    /// How late an overloaded machine is with everything, at most; they keep their order.
    package internal(set) var lateness: Duration?
    // What every event asks for comes before, so that it lies side by side in memory.
    package var clocks = HostClocks()
    package var ring: Ring?
    package var isPinned = false
    /// What `rondo server 1` or `3` asks for.
    package var wantedRole: Role?
    package internal(set) var disk = SimulatedDisk()
    /// When its process last ended.
    package internal(set) var endTime = MonotonicTime.zero
    /// The connections that it keeps open, and to which host each leads.
    package var watching: [ServerLife: Int] = [:]
    package var outstanding: Set<Ring.MessageID> = []
    /// What came in while it was paused.
    package var backlog: [RingWorld.Happening] = []
    /// When it gets round to the last of what is late.
    package var lateUntil = MonotonicTime.zero
    /// Counted where `RingWorld.countsTraffic` is set.
    package var traffic = Traffic()
    /// What it has under way with a registry.
    package var lease = LeaseLink()
    /// The registries that its operator named; nil: all that there are.
    package var namedRegistries: [Int]?

    package var life: ServerLife? { ring.map { ServerLife(id: id, incarnation: $0.own.incarnation) } }
    /// What its peer port says who it is; it is open before the server is in the ring.
    package var answeringLife: ServerLife? {
        process == .down || process == .opening ? nil : life ?? ServerLife(id: id, incarnation: disk.home.incarnation)
    }
    /// Its process waits for a disk that does not answer.
    package var isStuckStarting: Bool { process == .opening }
    package var isRunning: Bool { process == .up || process == .paused }

    /// Gives the machine an event, where it is.
    /// - Returns: the digest of its roster afterwards; to read it from outside the whole machine would be copied.
    mutating func play(_ event: Ring.Event, at time: MonotonicTime, into effects: inout [Ring.Effect]) -> UInt64 {
        ring?.play(event, at: clocks.local(time), into: &effects) ?? 0
    }
}

extension Ring {
    fileprivate mutating func play(_ event: Event, at time: MonotonicTime, into effects: inout [Effect]) -> UInt64 {
        handle(event, at: time, into: &effects)
        return roster.digest
    }
}

/// What a server has under way with a registry, as `RegistryLink` keeps it in the real one.
package struct LeaseLink: Sendable {
    /// The registries that it knows, the one in use first.
    package var places: [Int] = []
    /// Counts the requests and the waits between them; only the last one matters.
    package var turn: UInt64 = 0
    package var isAsking = false
    /// Something changed while the request was under way.
    package var isWoken = false
    /// How many of the registries have not answered since one did, and how often none has.
    package var silent = 0
    package var failures = 0
    package var isStopped = false
    /// Its place in the order of what the server says of itself.
    var sequence: UInt64 = 0
    var last: LeaseRequest?
    /// What it was told of the registries.
    var told = ToldRegistries()
}
