package import Model
package import Ring

/// The registry as the ring sees it: leases with counts and contacts. The real machine is the target `Registry`.
package struct RegistryStub: Sendable {
    /// What the registry holds of one server.
    package struct Lease: Sendable {
        package var entry: RosterEntry
        var expires: MonotonicTime
    }

    package static let leaseTime: Duration = .seconds(10)
    package static let renewalTime: Duration = .seconds(3)
    /// As many of the others as an answer names, those that follow the asker on the ring.
    package static let contactLimit = 64
    package private(set) var leases: [ServerID: Lease] = [:]
    private var order: [ServerID] = []
    private var counts = RoleCounts()
    private var nextExpiry = MonotonicTime.zero
    /// A registry that is down answers nobody.
    package var isUp = true

    package init() {}

    /// Renews a lease and answers with the counts of the others and where they are.
    package mutating func renew(_ entry: RosterEntry, at now: MonotonicTime) -> (RoleCounts, [Ring.Contact]) {
        expire(at: now)
        if let old = leases[entry.id], old.entry.incarnation > entry.incarnation {
            return answer(without: entry.id)
        }
        set(entry.id, Lease(entry: entry, expires: now + RegistryStub.leaseTime))
        return answer(without: entry.id)
    }

    /// Gives out a lease to a server that starts, in the role that is short unless it remembers one.
    package mutating func start(
        _ entry: RosterEntry, remembered: Role?, at now: MonotonicTime
    ) -> (Role, [Ring.Contact]) {
        expire(at: now)
        let (counts, contacts) = answer(without: entry.id)
        var entry = entry
        entry.role = remembered ?? counts.short
        set(entry.id, Lease(entry: entry, expires: now + RegistryStub.leaseTime))
        return (entry.role, contacts)
    }

    /// A death that the ring confirms ends the lease, unless the registry finds the server alive.
    package mutating func remove(_ life: ServerLife, isAnswering: Bool) {
        guard !isAnswering, let lease = leases[life.id], lease.entry.incarnation <= life.incarnation else { return }
        set(life.id, nil)
    }

    private mutating func set(_ id: ServerID, _ lease: Lease?) {
        if let old = leases[id] { counts[old.entry.role] -= 1 } else if lease != nil { insert(id) }
        leases[id] = lease
        if let lease { counts[lease.entry.role] += 1 } else { order.removeAll { $0 == id } }
    }

    private mutating func insert(_ id: ServerID) { order.insert(id, at: place(of: id)) }

    private func place(of id: ServerID) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func expire(at now: MonotonicTime) {
        guard now >= nextExpiry else { return }
        for id in order where (leases[id]?.expires ?? now) <= now { set(id, nil) }
        nextExpiry = min(leases.values.map(\.expires).min() ?? now, now + .seconds(1))
    }

    private func answer(without id: ServerID) -> (RoleCounts, [Ring.Contact]) {
        var counts = self.counts
        if let own = leases[id] { counts[own.entry.role] -= 1 }
        var contacts: [Ring.Contact] = []
        let start = place(of: id)
        for step in 0..<order.count where contacts.count < RegistryStub.contactLimit {
            let other = order[(start + step) % order.count]
            guard other != id, let entry = leases[other]?.entry else { continue }
            contacts.append(Ring.Contact(endpoint: entry.peerEndpoint, life: entry.life))
        }
        return (counts, contacts)
    }
}
