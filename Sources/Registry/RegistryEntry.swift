package import Model

/// What a lease says of its server.
package struct LeaseRecord: Hashable, Sendable, Codable {
    package var role: Role
    package var state: LeaseState
    package var address: HostAddress
    package var peerPort: UInt16
    package var httpPort: UInt16
    package var publicHTTP: String?
    package var pinned: Bool

    package init(
        role: Role, state: LeaseState, address: HostAddress, peerPort: UInt16, httpPort: UInt16,
        publicHTTP: String? = nil, pinned: Bool = false
    ) {
        self.role = role
        self.state = state
        self.address = address
        self.peerPort = peerPort
        self.httpPort = httpPort
        self.publicHTTP = publicHTTP
        self.pinned = pinned
    }

    package var peer: Endpoint { Endpoint(address, peerPort) }
}

/// How much an answer may count on a leased server.
package enum Standing: String, Hashable, Sendable, Codable {
    case good
    /// Its lease ran out, or somebody reported it dead, and the check is not over; or the ring suspects it.
    case suspected
    /// It let its lease run out and did not answer, and its role has nobody else: served stale (RFC 8767).
    case lapsed
}

/// Why a server's record went.
package enum RemovalReason: String, Hashable, Sendable, Codable {
    /// It gave its lease back.
    case left
    /// The ring said so, and it had no fresh lease or did not answer.
    case reportedDead
    /// Its lease ran out and it did not answer.
    case expired
    /// A later life of the same server took its place.
    case superseded
    /// Nobody else of its role came for an hour.
    case staleTooLong
}

/// One server's place in the map of leases: a lease, or the memory of its removal, which outranks the lease of the
/// same life wherever both meet.
struct RegistryEntry: Sendable {
    /// A question to the server itself that has not been answered yet.
    struct Check: Sendable {
        var number: UInt64
        var deadline: MonotonicTime
        var cause: Cause
    }

    enum Cause: Sendable {
        case expired, reported, suspicion
        case contested(by: ServerLife)
        /// Another registry removed it at this term for this reason, and it renewed a moment ago.
        case removedElsewhere(term: UInt64, RemovalReason)
    }

    enum Content: Sendable {
        case lease(LeaseRecord)
        case removed(RemovalReason)
    }

    var life: ServerLife
    var content: Content
    var standing: Standing = .good
    /// When the lease runs out, the removal may be forgotten or the stale record ends.
    var end: MonotonicTime
    var renewed: MonotonicTime
    var ringSize: Int?
    var check: Check?
    /// See `EntryVersion`.
    var term: UInt64 = 0
    var sequence: UInt64 = 0
    /// The last signed updates that were carried out for this server; `store` keeps them from entry to entry.
    var updates: LastUpdates?
    /// The registry that the last renewal was made at; nil for this one.
    var source: ServerID?

    var record: LeaseRecord? {
        if case .lease(let record) = content { record } else { nil }
    }

    /// The role that this entry counts for.
    var countedRole: Role? { standing == .lapsed ? nil : record?.role }

    /// When the sweep has to look at this entry.
    var attention: MonotonicTime {
        guard let check else { return end }
        return check.deadline
    }
}
