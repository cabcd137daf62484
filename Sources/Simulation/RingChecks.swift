package import Model
package import Ring

// What must hold. Safety is checked on the way, the rest after quiet.
extension RingWorld {
    /// The servers whose processes run, in the order of their ids.
    package var running: [SimulatedServer] { servers.filter(\.isRunning).sorted { $0.id < $1.id } }

    package var counts: RoleCounts {
        var counts = RoleCounts()
        for server in running { if let role = server.ring?.own.role { counts[role] += 1 } }
        return counts
    }

    /// Whether every running server sees exactly the running servers, with equal rosters: one ring.
    package var isOneRing: Bool { ringFaults.isEmpty }

    /// Why it is not one ring, empty when it is.
    package var ringFaults: [String] {
        let running = self.running
        let lives = running.compactMap(\.life)
        var faults: [String] = []
        let digests = Set(running.compactMap { $0.ring?.roster.digest })
        if digests.count > 1 { faults.append("\(digests.count) different rosters") }
        for (place, server) in running.enumerated() {
            guard let ring = server.ring else { faults.append("\(server.index) is not up"); continue }
            let seen = ring.roster.present.map(\.life)
            if seen != lives { faults.append("\(server.index) sees \(seen), not \(lives)") }
            if !ring.suspects.isEmpty { faults.append("\(server.index) suspects somebody") }
            let others = (1..<max(1, lives.count)).map { lives[(place + $0) % lives.count] }
            if ring.links.successor != others.first || ring.links.predecessor != others.last
                || ring.links.secondSuccessor != (others.count > 1 ? others[1] : nil)
            {
                faults.append("\(server.index) has wrong links")
            }
        }
        return faults
    }

    /// The roles of those that count: a damped server, which says so in its entry, does not, for as long as five
    /// minutes after it died again and again. Where fewer than three are steady all count.
    package var decisiveCounts: RoleCounts { RingWorld.decisive(running.compactMap { $0.ring?.own }) }

    private static func decisive(_ entries: [RosterEntry]) -> RoleCounts {
        let steady = entries.filter { !$0.damped }
        var counts = RoleCounts()
        for entry in steady.count >= 3 ? steady : entries { counts[entry.role] += 1 }
        return counts
    }

    /// The roles are as the target says. It is the target of those that count: which roles the damped have is for the
    /// time after their rest.
    package var hasTargetRoles: Bool {
        let counts = decisiveCounts
        return counts == RoleCounts.target(servers: counts.total) || counts.total == 1
    }

    /// No role is short of what the ring needs at once, among those that count.
    package var hasMinimumRoles: Bool {
        let counts = decisiveCounts
        switch counts.total {
        case ...1: return true
        case 2: return counts.data == 1
        default: return counts.data >= 2 && counts.router >= 1
        }
    }

    /// Whether some server does not count yet, because it died again and again.
    package var hasDampedServers: Bool { running.contains { $0.ring?.own.damped == true } }

    /// A switch away from Data must leave two of them, as far as the switching server can know. Damped servers do not
    /// count in this, either, by their own entries.
    mutating func checkSwitch(to role: Role, by index: Int) {
        guard role == .router, let ring = servers[index].ring else { return }
        let counts = RingWorld.decisive(ring.roster.entries.filter(\.holdsRole))
        if counts.total >= 3, counts.data < 3, counts.router > 0 {
            violate(.data, "server \(index) left Data, of \(counts.data)")
        }
    }

    /// How often something was observed since a time.
    package func count(since time: MonotonicTime = .zero, _ matches: (Ring.Observation) -> Bool) -> Int {
        notes.count { $0.time >= time && matches($0.observation) }
    }

    /// The observations since a time, a line each, for a test that failed.
    package func history(since time: MonotonicTime = .zero) -> String {
        notes.filter { $0.time >= time }.map { note in
            "\(note.time.nanoseconds / 1_000_000) ms  \(note.server): \(note.observation)"
        }.joined(separator: "\n")
    }
}
