internal import Model

/// Another registry, as this one knows it.
struct PeerRegistry: Sendable {
    var identity: RegistryIdentity
    /// Whether the zone lists it: it was heard, here or by another registry, and has not failed to answer since.
    var isLive = false
    /// When it last said something here.
    var heard: MonotonicTime?
    /// When it last said something to another registry that is heard here.
    var heardElsewhere: MonotonicTime?
    /// When it was found not to answer.
    var lost: MonotonicTime?
    var check: (number: UInt64, deadline: MonotonicTime)?
    /// When to try again, while it is not live.
    var nextTry: MonotonicTime
    /// The registries that it hears itself: the others need to be told what it says.
    var hears: Set<ServerID> = []
    var clock = SenderClock()
    /// When it said farewell, by its own clock: what it said before may come after.
    var farewellMs: Int64?

    /// The last sign of life.
    var seen: MonotonicTime? { [heard, heardElsewhere].compactMap { $0 }.max() }
}

/// Where a registry may be of which nothing else is known.
struct SoughtRegistry: Sendable {
    /// Hints of servers are forgotten; what the operator named is not.
    var until: MonotonicTime
    var nextTry: MonotonicTime
    var tries = 0
}

/// The other registries, and the places where there may be more.
struct PeerRegistries: Sendable {
    /// Others than this one, live or lost; more are not heard.
    static let maximum = 64

    var known: [ServerID: PeerRegistry] = [:]
    var sought: [Endpoint: SoughtRegistry] = [:]
    /// When to tell all of them what the map is.
    var nextRound: MonotonicTime = .distantFuture
    /// Nothing is to be done about any of them before this time.
    var attention: MonotonicTime = .distantFuture

    /// In the order of their ids.
    var all: [PeerRegistry] { known.values.sorted { $0.identity.life < $1.identity.life } }
    /// Those that names list and messages go to.
    var live: [PeerRegistry] { all.filter(\.isLive) }

    var order: [ServerID] { known.keys.sorted() }

    mutating func attend(by time: MonotonicTime) { attention = min(attention, time) }

    mutating func roundIsDue(at time: MonotonicTime) {
        nextRound = min(nextRound, time)
        attend(by: time)
    }
}

/// How late a message comes, by the clock of its sender: a process that was stopped finds old messages in its sockets,
/// whose remaining times are then too long.
struct SenderClock: Sendable {
    /// Until a new difference of the clocks is believed: a machine that slept has another one for good.
    private static let trial: Duration = .seconds(10)
    private static let tolerance: Int64 = 1_000

    /// The least difference of the clocks, in milliseconds: that of the message which was quickest.
    private var least: Int64?
    private var other: (least: Int64, since: MonotonicTime)?

    /// How much longer than the quickest message this one was on its way.
    mutating func lateness(sentMs: Int64, at now: MonotonicTime) -> Duration {
        let difference = now.nanoseconds / 1_000_000 &- sentMs
        guard let least, difference > least else {
            (self.least, other) = (difference, nil)
            return .zero
        }
        if difference - least <= Self.tolerance {
            other = nil
        } else {
            let trial = (least: min(other?.least ?? difference, difference), since: other?.since ?? now)
            other = trial
            if now - trial.since >= Self.trial { (self.least, other) = (trial.least, nil) }
        }
        return .milliseconds(difference - (self.least ?? difference))
    }
}
