package import Model

/// What happened in a rehearsal: for a table, for a picture, and for an exit code.
package struct Chronicle: Sendable {
    /// A line of the table, and a mark in the picture.
    package struct Moment: Sendable {
        /// What it is about.
        package enum Kind: String, Sendable { case fault, suspicion, death, alert, manager, role, recovery, broken }

        package let time: MonotonicTime
        package let kind: Kind
        /// The place of the server that it concerns, nil when it concerns all.
        package let place: Int?
        package let text: String
    }

    /// What a server is for a while.
    package enum Condition: String, Sendable { case starting, data, router, paused, down }

    /// A server in one condition.
    package struct Stretch: Sendable {
        package let place: Int
        package let start: MonotonicTime
        package var end: MonotonicTime
        package let condition: Condition
    }

    /// A time in which the network was not as it should be.
    package struct Spell: Sendable {
        package let start: MonotonicTime
        package var end: MonotonicTime
        package let text: String
        /// Which places reached each other, in a partition.
        package let groups: [[Int]]
    }

    /// How many servers the running ones think are there: the least and the most that any of them sees.
    package struct Census: Hashable, Sendable {
        package let time: MonotonicTime
        package var running: Int
        package var data: Int
        package var least: Int
        package var most: Int
        /// How many different rosters there are.
        package var rosters: Int
    }

    /// How fast the ring got over one fault. A time that is nil was not needed, or not reached before the next change.
    package struct Recovery: Sendable {
        package let fault: FaultKind
        package let start: MonotonicTime
        package let text: String
        /// Something else was wrong at the same time, so that its times say nothing about the fault alone.
        package var wasDisturbed: Bool
        /// Nobody's links lead to the servers that failed.
        package var routedAround: Duration?
        /// They are present in nobody's roster.
        package var goneEverywhere: Duration?
        /// The roles that their failure left short are filled.
        package var rolesInOrder: Duration?
        /// All who reach each other have one roster.
        package var oneRing: Duration?
    }

    /// A server of the picture, by its place in the order of the ids.
    package struct Server: Sendable {
        package let name: String
        package let id: ServerID
        package let address: HostAddress
    }

    package var servers: [Server] = []
    package var length: Duration = .zero
    package var moments: [Moment] = []
    package var stretches: [Stretch] = []
    package var spells: [Spell] = []
    package var census: [Census] = []
    package var recoveries: [Recovery] = []
    /// How long alerts took for their full round.
    package var rounds: [Duration] = []
    /// How many servers were held dead that ran and were not paused, and how often.
    package var aliveHeldDead = 0
    /// The rules that were broken; empty when all is well.
    package var broken: [String] = []
    /// Equal for equal histories, in every process.
    package var trace: UInt64 = 0
    package var handled = 0
    /// From when on nothing was done to the cluster any more.
    package var quietSince = MonotonicTime.zero

    package init() {}
}
