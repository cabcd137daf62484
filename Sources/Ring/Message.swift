package import Model

extension Ring {
    /// What servers tell each other over authenticated connections; every one is acknowledged or reported lost.
    ///
    /// All are idempotent: one that arrives twice does no harm.
    package enum Message: Hashable, Sendable {
        /// "I am new, tell me your roster": answered with `roster`.
        case join(RosterEntry)
        /// All that the sender knows; a receiver that knows more answers with its own when `wantsAnswer`.
        case roster(Roster, wantsAnswer: Bool)
        /// In large rings: what the sender knows of these parts, in short. A receiver that knows something else answers
        /// with finer digests, or with `part` where few entries are left. The entry is the sender's own.
        case digests(RosterEntry, [RangeDigest])
        /// All that the sender knows of these parts, or some entries of no part in particular; a receiver that knows
        /// more of the parts answers with it when `wantsAnswer`.
        case part([RosterEntry], of: [RosterRange], wantsAnswer: Bool)
        /// What just changed. `through`: in large rings the receiver passes it on to all between itself and this id.
        case changes([RosterEntry], through: ServerID?)
        case alert(Alert)
        case imbalance(Imbalance)
        /// "Do you hear this server?": answered with `probeReport`.
        case probeRequest(subject: ServerLife, at: Endpoint)
        /// - `heard`: whether anything came from the subject since the request.
        case probeReport(subject: ServerLife, heard: Bool)
        /// "This is said of you": the receiver refutes with a higher incarnation if it is named dead or suspect.
        case accusation(RosterEntry)
        case token(TokenMark)
        /// "You died again and again: count for no role for so many milliseconds."
        case damping(milliseconds: Int64)
    }
}

/// Names an alert for ever: who launched it, in which life, and its how many-th it was.
package struct AlertID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let origin: ServerLife
    package let sequence: UInt64

    package init(origin: ServerLife, sequence: UInt64) {
        self.origin = origin
        self.sequence = sequence
    }

    /// Smaller origins win; of one origin the later alert.
    package static func < (left: AlertID, right: AlertID) -> Bool {
        (left.origin.id, right.origin.incarnation, right.sequence)
            < (right.origin.id, left.origin.incarnation, left.sequence)
    }

    package var description: String { "\(origin)#\(sequence)" }
}

/// One server's line in an alert.
package struct AlertRow: Hashable, Sendable {
    package let life: ServerLife
    package let role: Role
    package let address: HostAddress
    /// Open streams or similar, as the shell last said with `Ring.Event.loadChanged`; for people and for choosing
    /// routers.
    package let load: Int
}

/// The message that goes round the ring when a server fails.
package struct Alert: Hashable, Sendable {
    package let id: AlertID
    /// The entries of the servers that failed, dead.
    package var failures: [RosterEntry]
    /// The highest epoch that anyone on the way had seen.
    package var epoch: Epoch
    /// One per server on the way; empty in rings above `Ring.Configuration.rowLimit`, where `counts` stands for them.
    package var rows: [AlertRow]
    /// The roles of all servers on the way.
    package var counts: RoleCounts
    /// The exclusive or of what the rows would be, to compare with the roster where there are no rows.
    package var visited: UInt64
    /// Servers that did not take it within 50 ms: a hint for their observers, never a failure by itself.
    package var unheard: [ServerLife]
    package var hops: Int
}

/// An instruction to change roles: idempotent, and exact about who takes which role.
package struct Imbalance: Hashable, Sendable {
    package let epoch: Epoch
    /// The digest of the manager's roster when it decided.
    package let base: UInt64
    /// The role that is short.
    package let role: Role
    /// The servers that take it, the first fit ones clockwise from the manager.
    package let takers: [ServerID]
    /// Towards 2:3 and not below the minimum: only in quiet, only by the token's holder.
    package let isRebalancing: Bool

    package init(epoch: Epoch, base: UInt64, role: Role, takers: [ServerID], isRebalancing: Bool) {
        self.epoch = epoch
        self.base = base
        self.role = role
        self.takers = takers
        self.isRebalancing = isRebalancing
    }
}
