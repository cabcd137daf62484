package import Model
internal import Ring

/// One clean death in a quiet world, where the rules hold to the letter: one manager, its rows the servers that live,
/// as many switches as are missing, names that follow.
package struct Drill {
    /// How long a closed connection may take to be known everywhere.
    package static let limit: Duration = .milliseconds(300)

    package private(set) var faults: [Violation] = []
    private let start: MonotonicTime
    private let deficit: Int

    /// Kills a server and plays on for three seconds.
    package init(killing victim: Int, in world: inout RingWorld) {
        start = world.now
        world.kill(victim)
        deficit = Drill.deficit(of: world.counts)
        let known = world.run(within: Drill.limit) { $0.isOneRing && $0.nameFaults.isEmpty }
        if known == nil { fail(.oneRing, "\(world.ringFaults) \(world.nameFaults)", world) }
        world.run(for: .seconds(3))
        checkRounds(world)
        checkSwitches(world)
    }

    /// How many servers have to switch: below one Router or two Data.
    package static func deficit(of counts: RoleCounts) -> Int {
        switch counts.total {
        case ...1: 0
        case 2: counts.data == 1 ? 0 : 1
        default: counts.router == 0 ? 1 : max(0, 2 - counts.data)
        }
    }

    private mutating func checkRounds(_ world: RingWorld) {
        let rounds = world.rounds.filter { $0.time >= start }
        if rounds.count != 1 { fail(.manager, "\(rounds.count) managers of one death", world) }
        for round in rounds where round.alert != nil && round.hasRows && round.rows != round.running {
            fail(.rows, "rows \(round.rows), alive \(round.running)", world)
        }
    }

    private mutating func checkSwitches(_ world: RingWorld) {
        let switches = world.count(since: start) { if case .roleTaken = $0 { true } else { false } }
        if switches != deficit { fail(.switches, "\(switches) switches, \(deficit) missing", world) }
        if !world.hasMinimumRoles { fail(.switches, "\(world.counts) after 3 s", world) }
    }

    private mutating func fail(_ rule: Rule, _ detail: String, _ world: RingWorld) {
        faults.append(Violation(rule, at: world.now, detail))
    }
}

extension RingWorld {
    /// Why the registries that run do not say the truth, empty when they do.
    package var nameFaults: [String] {
        registries.filter(\.isUp).flatMap { registry in
            Role.allCases.compactMap { role in
                let (listed, there) = (listed(role, by: registry.index), shownAddresses(of: role))
                return listed == there
                    ? nil : "registry \(registry.index) lists \(listed ?? []) as \(role.name), not \(there)"
            }
        }
    }

    /// A ring of one does both duties.
    private func shownAddresses(of role: Role) -> [HostAddress] {
        let running = self.running
        return running.count == 1 ? running.map(\.endpoint.host) : addresses(of: role)
    }
}
