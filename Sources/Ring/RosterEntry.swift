package import Model

/// What the ring thinks of one life of a server; the order is the order in which states win (`docs/ring.md`).
package enum ServerState: String, Hashable, Comparable, Sendable, CaseIterable {
    case alive
    /// Not heard by an observer that is asking others. An observer's own view: it is not spread.
    case suspect
    /// Its observers agree that it is gone; only a higher incarnation undoes it.
    case dead
    /// It said goodbye.
    case left

    /// 0 to 3 in the order in which states win.
    package var rank: UInt64 {
        switch self {
        case .alive: 0
        case .suspect: 1
        case .dead: 2
        case .left: 3
        }
    }

    package static func < (left: ServerState, right: ServerState) -> Bool { left.rank < right.rank }
}

/// What every server knows of one server.
///
/// Only the server itself changes its entry, with a higher `version`; others set the `state` alone. So two entries of
/// one incarnation, state, version and start nonce are the same.
package struct RosterEntry: Hashable, Sendable {
    package let id: ServerID
    package var incarnation: Incarnation
    package var state: ServerState
    /// Grows with every change that the server makes to its own entry in this incarnation.
    package var version: UInt64
    /// Random for each process, so that a server notices a second process with its id.
    package var startNonce: UInt64
    package var role: Role
    /// The decision that gave it its role, `Epoch.none` for a role chosen at the start.
    package var roleEpoch: Epoch
    /// It has announced that it goes: it serves still, but counts for no role and its copies do not count.
    package var leaving: Bool
    /// Its operator forbade role changes.
    package var pinned: Bool
    /// It is young, holds no chunk and may choose its role anew by the counts.
    package var provisional: Bool
    /// It died again and again, and counts for roles only once it has lived for a while: its observers told it so, and
    /// it says so itself, so that all agree on who counts.
    package var damped: Bool
    package var host: HostAddress
    /// TCP for messages and UDP for probes.
    package var peerPort: UInt16
    package var httpPort: UInt16
    /// What listeners are told instead of host and HTTP port, as `HOST:PORT`.
    package var publicHttp: String?
    /// In bytes, 0 when not limited.
    package var capacity: Int64
    /// Its death was decided by one observer that got no answer from any it asked.
    package var unconfirmed: Bool
    /// For how long it has been dead or left, in whole seconds; entries go after `Ring.Configuration.deadMemory`.
    package var deadSeconds: Int64
    /// What a later version says of this server, whole fields as they came: kept and passed on, and no part of the
    /// digest.
    package var unknown: [UInt8] = []

    package init(
        id: ServerID, incarnation: Incarnation, startNonce: UInt64, role: Role, host: HostAddress, peerPort: UInt16,
        httpPort: UInt16, publicHttp: String? = nil, capacity: Int64 = 0, pinned: Bool = false,
        provisional: Bool = false
    ) {
        self.id = id
        self.incarnation = incarnation
        self.startNonce = startNonce
        self.role = role
        self.host = host
        self.peerPort = peerPort
        self.httpPort = httpPort
        self.publicHttp = publicHttp
        self.capacity = capacity
        self.pinned = pinned
        self.provisional = provisional
        state = .alive
        version = 1
        roleEpoch = .none
        leaving = false
        damped = false
        unconfirmed = false
        deadSeconds = 0
    }

    package var life: ServerLife { ServerLife(id: id, incarnation: incarnation) }
    /// Where messages and probes reach it.
    package var peerEndpoint: Endpoint { Endpoint(host, peerPort) }
    package var httpEndpoint: Endpoint { Endpoint(host, httpPort) }
    /// Alive or suspect: part of the cluster as long as nobody has proved otherwise.
    package var isPresent: Bool { state < .dead }
    /// Counts towards the roles: present and not on its way out.
    package var holdsRole: Bool { isPresent && !leaving }
}

extension RosterEntry {
    /// Whether this entry is to replace `other`, an entry of the same server: higher incarnation; then left over dead
    /// over suspect over alive; then higher version; then higher start nonce, which only a cloned volume needs.
    package func supersedes(_ other: RosterEntry) -> Bool {
        if incarnation != other.incarnation { return incarnation > other.incarnation }
        if state != other.state { return state > other.state }
        if version != other.version { return version > other.version }
        return startNonce > other.startNonce
    }

    /// The join of two entries of one server; commutative, associative and idempotent.
    package func merged(with other: RosterEntry) -> RosterEntry {
        var winner = other.supersedes(self) ? other : self
        let loser = other.supersedes(self) ? self : other
        if winner.incarnation == loser.incarnation, winner.state == loser.state {
            // A death keeps its greatest age, else two servers would make each other remember it for ever.
            winner.deadSeconds = max(winner.deadSeconds, loser.deadSeconds)
            winner.unconfirmed = winner.unconfirmed && loser.unconfirmed
        }
        return winner
    }

    /// This entry's share of the roster's digest: 64 bits of (id, incarnation, state, version), the same in every
    /// process.
    package var digest: UInt64 {
        var mixed = Mixing.mix(UInt64(truncatingIfNeeded: id.value >> 64), into: 0x9AE1_6A3B_2F90_404F)
        mixed = Mixing.mix(UInt64(truncatingIfNeeded: id.value), into: mixed)
        mixed = Mixing.mix(incarnation.value, into: mixed)
        mixed = Mixing.mix(state.rank, into: mixed)
        return Mixing.mix(version, into: mixed)
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014) as a chain: no cipher, but stable across processes, unlike
/// `Hasher`.
enum Mixing {
    static func mix(_ word: UInt64, into state: UInt64) -> UInt64 {
        var mixed = (state ^ word) &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
