package import Model

/// One leased server as pages and metrics show it.
package struct LeaseSummary: Hashable, Sendable, Codable {
    package var life: ServerLife
    package var record: LeaseRecord
    package var standing: Standing
    /// Milliseconds until the lease runs out; a lapsed one has 0.
    package var remainingMs: Int64

    package init(life: ServerLife, record: LeaseRecord, standing: Standing, remainingMs: Int64) {
        self.life = life
        self.record = record
        self.standing = standing
        self.remainingMs = remainingMs
    }
}

extension Registry {
    /// All leases in the order of the servers' ids.
    package func leases(at time: MonotonicTime) -> [LeaseSummary] {
        order.compactMap { id in
            guard let entry = entries[id], let record = entry.record else { return nil }
            let remaining = entry.standing == .lapsed ? 0 : max(0, (entry.end - max(time, latest)).milliseconds)
            return LeaseSummary(
                life: entry.life, record: record, standing: entry.standing, remainingMs: remaining)
        }
    }

    /// The registries that names list, this one first.
    package var liveRegistries: [RegistryIdentity] {
        [identity] + peers.live.filter { $0.check == nil }.map(\.identity)
    }

    /// Whether names are answered: false while a registry that started empty may still be missing servers.
    package func isFilled(at time: MonotonicTime) -> Bool { filled || consistent || time >= fillsUntil }

    /// The leases per role, lapsed ones left out.
    package var counts: RoleCounts { counts(without: identity.life.id) }
}
