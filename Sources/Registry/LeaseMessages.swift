package import Model

/// How far a server is with its life, in its own words; part of its lease.
package enum LeaseState: String, Hashable, Sendable, Codable {
    /// Has no place in the ring yet: it counts for the roles, and is listed only where nobody else is.
    case starting
    /// In the ring and able to serve its role.
    case ready
    /// Draining before it goes: listed only where nobody else is.
    case leaving
}

/// A server asks for its lease, or renews it: the header of the peer message `lease.request`.
package struct LeaseRequest: Hashable, Sendable, Codable {
    package var life: ServerLife
    /// The role that it fills now; nil at its first request.
    package var held: Role?
    /// The role its operator told it to start with; nil is automatic.
    package var wanted: Role?
    /// The role it had when it last stopped.
    package var remembered: Role?
    /// Whether it may never change its role.
    package var pinned: Bool
    /// Where it is reached; `0.0.0.0` stands for the address that the request comes from.
    package var address: HostAddress
    package var peerPort: UInt16
    package var httpPort: UInt16
    /// What listeners are told instead, `host:port`.
    package var publicHTTP: String?
    package var state: LeaseState
    /// The live members of its ring, itself included; nil before it has joined one.
    ///
    /// It tells a registry that starts empty when it is full again.
    package var ringSize: Int?
    /// Grows within a life whenever the server says something else of itself, so that no registry takes an old request
    /// for a new one. Nil where nobody counts: then the order of arrival is the order.
    package var sequence: UInt64?
    /// The peer ports of registries that the server knows and this one may not: so they find each other.
    package var registries: [Endpoint]?
    /// Which list of live registries the server was told last (`ToldRegistries`); nil where it was told none.
    package var told: UInt64?

    package init(
        life: ServerLife, held: Role? = nil, wanted: Role? = nil, remembered: Role? = nil, pinned: Bool = false,
        address: HostAddress, peerPort: UInt16, httpPort: UInt16, publicHTTP: String? = nil, state: LeaseState,
        ringSize: Int? = nil, sequence: UInt64? = nil, registries: [Endpoint]? = nil
    ) {
        self.life = life
        self.held = held
        self.wanted = wanted
        self.remembered = remembered
        self.pinned = pinned
        self.address = address
        self.peerPort = peerPort
        self.httpPort = httpPort
        self.publicHTTP = publicHTTP
        self.state = state
        self.ringSize = ringSize
        self.sequence = sequence
        self.registries = registries
    }
}

/// What became of a request for a lease.
package enum LeaseOutcome: String, Hashable, Sendable, Codable {
    case granted
    /// This life is over, or a later one of the same server holds the lease: it must come back as `least` or higher.
    case dead
    /// The same life holds a lease at another address, which is being checked: ask again in a second.
    case conflict
    /// The registry holds as many leases as it can.
    case full
}

/// One server through which another can join the ring.
package struct LeaseContact: Hashable, Sendable, Codable {
    package var life: ServerLife
    package var role: Role
    package var peer: Endpoint

    package init(life: ServerLife, role: Role, peer: Endpoint) {
        self.life = life
        self.role = role
        self.peer = peer
    }
}

/// The answer to `lease.request`.
package struct LeaseAnswer: Hashable, Sendable, Codable {
    package var outcome: LeaseOutcome
    /// The role to take: what the server holds, wants or remembers, else the one that is short. Nil unless granted.
    package var role: Role?
    /// The leases of the others, those just given included and the asker's own left out.
    package var counts: RoleCounts
    /// How long the lease holds, in milliseconds from the answer.
    package var leaseMs: Int64
    /// When to renew it, in milliseconds from the answer.
    package var renewMs: Int64
    /// The lowest incarnation that gets a lease, where the outcome is `dead`.
    package var least: Incarnation?
    /// Where the later life is reached that holds the lease, where the outcome is `dead`: perhaps a second process with
    /// the asker's id.
    package var holder: Endpoint?
    /// Other live servers in random order, at most `Registry.maximumContacts`; any of them will do to join.
    package var contacts: [LeaseContact]
    /// The live registries, the answering one among them: each of them will renew the lease. Nil where it is the list
    /// that the asker was told last.
    package var registries: [RegistryIdentity]?

    package init(
        outcome: LeaseOutcome, role: Role? = nil, counts: RoleCounts = RoleCounts(), leaseMs: Int64 = 0,
        renewMs: Int64 = 0, least: Incarnation? = nil, holder: Endpoint? = nil, contacts: [LeaseContact] = [],
        registries: [RegistryIdentity]? = nil
    ) {
        self.outcome = outcome
        self.role = role
        self.counts = counts
        self.leaseMs = leaseMs
        self.renewMs = renewMs
        self.least = least
        self.holder = holder
        self.contacts = contacts
        self.registries = registries
    }
}

/// A server gives its lease back before it stops: the header of `lease.release`.
package struct LeaseRelease: Hashable, Sendable, Codable {
    package var life: ServerLife

    package init(life: ServerLife) { self.life = life }
}

/// A ring member says that another one died, or may have: the header of `death.report`.
package struct DeathReport: Hashable, Sendable, Codable {
    package var reporter: ServerLife
    package var accused: ServerLife
    /// False while the ring only suspects it: then the registry checks, and lists it last if it gets no answer.
    package var confirmed: Bool

    package init(reporter: ServerLife, accused: ServerLife, confirmed: Bool) {
        self.reporter = reporter
        self.accused = accused
        self.confirmed = confirmed
    }
}
