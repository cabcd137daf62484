package import Model
package import Ring

/// The registry as the ring sees it: leases with counts and contacts. The real machine is the target `Registry`.
package struct RegistryStub: Sendable {
    package struct Lease: Sendable {
        package var entry: RosterEntry
        var expires: MonotonicTime
    }

    package static let leaseTime: Duration = .seconds(10)
    package static let renewalTime: Duration = .seconds(3)
    package private(set) var leases: [ServerID: Lease] = [:]
    /// A registry that is down answers nobody.
    package var isUp = true

    package init() {}

    /// Renews a lease and answers with the counts of the others and where they are.
    package mutating func renew(_ entry: RosterEntry, at now: MonotonicTime) -> (RoleCounts, [Ring.Contact]) {
        leases = leases.filter { $0.value.expires > now }
        if let old = leases[entry.id], old.entry.incarnation > entry.incarnation {
            return answer(without: entry.id)
        }
        leases[entry.id] = Lease(entry: entry, expires: now + RegistryStub.leaseTime)
        return answer(without: entry.id)
    }

    /// Gives out a lease to a server that starts, in the role that is short unless it remembers one.
    package mutating func start(
        _ entry: RosterEntry, remembered: Role?, at now: MonotonicTime
    ) -> (Role, [Ring.Contact]) {
        leases = leases.filter { $0.value.expires > now }
        let (counts, contacts) = answer(without: entry.id)
        var entry = entry
        entry.role = remembered ?? counts.short
        leases[entry.id] = Lease(entry: entry, expires: now + RegistryStub.leaseTime)
        return (entry.role, contacts)
    }

    /// A death that the ring confirms ends the lease, unless the registry finds the server alive.
    package mutating func remove(_ life: ServerLife, isAnswering: Bool) {
        guard !isAnswering, let lease = leases[life.id], lease.entry.incarnation <= life.incarnation else { return }
        leases[life.id] = nil
    }

    private func answer(without id: ServerID) -> (RoleCounts, [Ring.Contact]) {
        var counts = RoleCounts()
        var contacts: [Ring.Contact] = []
        for other in leases.keys.sorted() where other != id {
            guard let entry = leases[other]?.entry else { continue }
            counts[entry.role] += 1
            contacts.append(Ring.Contact(endpoint: entry.peerEndpoint, life: entry.life))
        }
        return (counts, contacts)
    }
}
