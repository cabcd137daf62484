package import Model

/// What one registry says to another: the body of the peer message `registry`.
///
/// No message needs an answer, each may be lost or come twice, and none holds a point of time: only how much is left.
package struct RegistryMessage: Hashable, Sendable, Codable {
    package var sender: RegistryIdentity
    /// The sender's own clock; only differences between its messages mean something: they tell which one comes late.
    package var sentMs: Int64
    /// Whether the sender answers names: who has all of its entries may do so too.
    package var isFilled: Bool
    /// Whether the sender has as many leases as the rings that they speak of: who has all of its entries answers names
    /// too, as far as they have anybody. Nil from an earlier version.
    package var isConsistent: Bool?
    /// The registries that the sender hears itself.
    package var registries: [RegistryHearsay]
    package var body: Body

    /// What it is about.
    package enum Body: Hashable, Sendable, Codable {
        /// What the sender's map is, and the leases that were renewed since it last said so. A reply is not replied to.
        case digest([UInt64], renewed: [ToldEntry], isReply: Bool)
        /// All that the sender has in these buckets, where its map differs from the receiver's.
        case versions([EntryVersion], buckets: [Int])
        /// Entries that the receiver lacks, and the servers of which it has later ones.
        case entries([ToldEntry], wanted: [ServerID])
        /// The receiver gave the accused its lease, and a ring member holds it for dead.
        case report(DeathReport)
        /// The sender stops.
        case farewell
    }
}

/// A registry that another one hears.
package struct RegistryHearsay: Hashable, Sendable, Codable {
    package var identity: RegistryIdentity
    /// How long ago, in milliseconds.
    package var heardMs: Int64
}

/// One entry as it travels: with how much is left of it, never until when.
package struct ToldEntry: Hashable, Sendable, Codable {
    package var life: ServerLife
    package var term: UInt64
    package var sequence: UInt64
    /// Nil for the memory of a removal.
    package var record: LeaseRecord?
    package var reason: RemovalReason?
    package var ringSize: Int?
    /// Milliseconds until the lease runs out or the removal is forgotten; a stale lease has 0.
    package var remainingMs: Int64
    /// Of a version that does not know of it, nil.
    package var updates: LastUpdates?

    init(_ entry: RegistryEntry, at now: MonotonicTime) {
        life = entry.life
        term = entry.term
        sequence = entry.sequence
        ringSize = entry.ringSize
        updates = entry.updates
        remainingMs = entry.standing == .lapsed ? 0 : max(0, (entry.end - now).milliseconds)
        switch entry.content {
        case .lease(let record): self.record = record
        case .removed(let reason): self.reason = reason
        }
    }
}

extension RegistryEntry {
    /// - Parameter lateness: how much longer than others the message was on its way.
    init(_ told: ToldEntry, by sender: ServerID, lateness: Duration, at now: MonotonicTime) {
        let memory = told.updates == nil ? Registry.removalMemory : Registry.updateMemory
        let whole = told.record == nil ? memory : Registry.lease
        let remaining = min(.milliseconds(max(0, told.remainingMs)), whole) - lateness
        self.init(
            life: told.life, content: told.record.map(Content.lease) ?? .removed(told.reason ?? .reportedDead),
            end: max(now, now + remaining), renewed: now + remaining - whole, ringSize: told.ringSize)
        term = told.term
        sequence = told.sequence
        source = sender
        // Joined with itself it is in order, whatever it was that came.
        updates = told.updates.joined(with: told.updates)
    }
}
