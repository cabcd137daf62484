package import Model

/// One server's part in the ring, as a pure value: what it knows, whom it observes, what it decides.
///
/// Events go in with the time, effects come out; there is no clock, socket, disk or randomness in it, so the same code
/// runs in the real server and in the simulator. The rules are one file each; `docs/ring.md` is the walk through them.
package struct Ring: Sendable {
    package let configuration: Configuration
    /// All that is known of all servers; this server's own entry is always in it.
    package internal(set) var roster: Roster
    /// This server's place among the live.
    package internal(set) var links: Links
    /// Servers that this one suspects, and has passed over; nobody else is told.
    package var suspects: Set<ServerID> { Set(detector.suspicions.keys.map(\.id)) }
    /// The highest epoch seen.
    package internal(set) var epoch = Epoch.none
    /// The last token known.
    package internal(set) var token = TokenMark.none
    /// A role that is short and that nobody may take, for `status`.
    package internal(set) var stuckRole: Role?
    /// Whether this server has found the ring, or made sure that there is none.
    package internal(set) var hasJoined = false

    let id: ServerID
    let roleIsRemembered: Bool
    var generator: SeededGenerator
    var now = MonotonicTime.zero
    var startTime = MonotonicTime.zero
    var load = 0
    var effects: [Effect] = []
    var generations: [Timer.Kind: UInt64] = [:]
    var lastGeneration: UInt64 = 0
    var lastMessage: UInt64 = 0
    var detector = FailureDetector()

    /// - Parameters:
    ///   - roster: what is known already; a real server starts with nothing and asks its contacts.
    ///   - seed: for choices among equals; any number.
    package init(
        configuration: Configuration = Configuration(), identity: Identity, roster: Roster = Roster(), seed: UInt64
    ) {
        self.configuration = configuration
        id = identity.entry.id
        roleIsRemembered = identity.roleIsRemembered
        generator = SeededGenerator(seed: seed)
        self.roster = roster
        self.roster.merge(identity.entry)
        links = Links(of: id, in: self.roster)
    }

    /// Takes one event and appends what is to be done about it, in order.
    package mutating func handle(_ event: Event, at time: MonotonicTime, into output: inout [Effect]) {
        now = max(now, time)
        swap(&effects, &output)
        swap(&effects, &output)
    }
}
