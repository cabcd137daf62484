import Model

/// One server under observation.
struct Watch: Sendable {
    let life: ServerLife
    let endpoint: Endpoint
    /// Misses count from here: the beginning, or the end of a gap of one's own.
    var since: MonotonicTime
    /// The last sign of life.
    var heard = MonotonicTime(nanoseconds: .min / 2)
    var lastProbe = MonotonicTime(nanoseconds: .min / 2)
    /// Probes without a sign of life.
    var unanswered = 0
    /// Observed only because one before it is suspect.
    var isUrgent: Bool

    init(life: ServerLife, endpoint: Endpoint, since: MonotonicTime, isUrgent: Bool) {
        self.life = life
        self.endpoint = endpoint
        self.since = since
        self.isUrgent = isUrgent
    }

    /// How long nothing has come from it.
    func silence(at now: MonotonicTime) -> Duration { now - max(since, heard) }
}

/// The few servers under observation: two in quiet times, ten beside a suspect. A list is searched faster than a table.
struct Watches: Sendable {
    /// In the order of their ids.
    private(set) var all: [Watch] = []

    subscript(server: ServerID) -> Watch? {
        get { all.first { $0.life.id == server } }
        set {
            let index = all.firstIndex { $0.life.id >= server } ?? all.endIndex
            let isThere = index < all.endIndex && all[index].life.id == server
            switch (newValue, isThere) {
            case (let watch?, true): all[index] = watch
            case (let watch?, false): all.insert(watch, at: index)
            case (nil, true): all.remove(at: index)
            case (nil, false): return
            }
        }
    }

    mutating func update(_ change: (inout Watch) -> Void) {
        for index in all.indices { change(&all[index]) }
    }

    /// Notes a sign of life.
    /// - Returns: whether this life is watched.
    mutating func hear(_ life: ServerLife, at now: MonotonicTime) -> Bool {
        guard let index = all.firstIndex(where: { $0.life == life }) else { return false }
        all[index].heard = now
        all[index].unanswered = 0
        return true
    }
}
