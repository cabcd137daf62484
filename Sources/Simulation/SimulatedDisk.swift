package import Model
package import Ring

/// What of a server survives a crash: its home, on a disk that may be full, slow or gone.
package struct SimulatedDisk: Sendable {
    /// What the home holds.
    package struct Home: Hashable, Sendable {
        package var incarnation = Incarnation(0)
        package var role: Role?
        package var contacts: [Ring.Contact] = []
    }

    /// How the disk treats a write.
    package enum Health: Hashable, Sendable {
        case fit
        /// Every write takes so much longer.
        case slow(Duration)
        /// Every write fails.
        case full
        /// No write ends before the disk is well again.
        case stuck
    }

    /// One write that is not on the disk yet.
    enum Write: Sendable {
        case incarnation(Incarnation)
        case role(Role)
    }

    package var home = Home()
    package internal(set) var health = Health.fit
    /// Written, and not synced: lost or kept if the server ends now.
    var pending: [UInt64: Write] = [:]
    var writes: UInt64 = 0
    /// Waiting for the disk to become well.
    var held: [UInt64] = []

    package init() {}

    mutating func begin(_ write: Write) -> UInt64 {
        writes += 1
        pending[writes] = write
        return writes
    }

    /// The write is on the disk.
    mutating func end(_ number: UInt64) -> Write? {
        guard let write = pending.removeValue(forKey: number) else { return nil }
        keep(write)
        return write
    }

    private mutating func keep(_ write: Write) {
        switch write {
        case .incarnation(let incarnation): home.incarnation = max(home.incarnation, incarnation)
        case .role(let role): home.role = role
        }
    }

    /// The process or the power has gone: each write under way reached the disk whole, or not at all.
    mutating func crash(using generator: inout SeededGenerator) {
        for number in pending.keys.sorted() {
            if let write = pending.removeValue(forKey: number), Bool.random(using: &generator) { keep(write) }
        }
        held = []
    }
}
