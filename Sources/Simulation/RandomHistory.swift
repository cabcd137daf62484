internal import Model
internal import Ring

/// A random world from its seed: a bad day, the quiet after it, and a drill at the end.
package struct RandomHistory {
    /// How long the ring may take to be one again once the faults are over.
    package static let healLimit: Duration = .seconds(6)
    /// How long until every role is as the target says: quiet of 10 s before each step, and rest for those that died
    /// again and again.
    package static let targetLimit: Duration = .seconds(40)

    package private(set) var world: RingWorld
    private let seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        var plan = FaultPlan(seed: seed)
        world = RingWorld(seed: seed, registries: plan.registries)
        world.watchNames()
        plan.play(in: &world)
    }

    /// Plays the history of a seed: what broke in it, nil for nothing.
    package static func fault(seed: UInt64) -> Violation? {
        var history = RandomHistory(seed: seed)
        return history.fault()
    }

    /// Plays the quiet that follows.
    package mutating func fault() -> Violation? { healing() ?? roles() ?? world.violations.first ?? drill() }

    private mutating func healing() -> Violation? {
        let end = world.now
        guard let healed = world.run(within: RandomHistory.healLimit, until: \.isOneRing) else {
            return fault(.oneRing, "not one after \(RandomHistory.healLimit): \(world.ringFaults)")
        }
        world.run(until: end + RandomHistory.healLimit)
        if !world.isOneRing { return fault(.oneRing, "one after \(healed - end), then not: \(world.ringFaults)") }
        let deaths = world.count(since: healed + .seconds(1)) { if case .died = $0 { true } else { false } }
        return deaths > 0 ? fault(.death, "\(deaths) in quiet") : nil
    }

    private mutating func roles() -> Violation? {
        if !world.hasMinimumRoles, !world.hasDampedServers {
            return fault(.switches, "\(world.counts) after \(RandomHistory.healLimit)")
        }
        guard world.run(within: RandomHistory.targetLimit, until: \.hasTargetRoles) != nil else {
            return fault(.target, "\(world.counts) after \(RandomHistory.targetLimit)")
        }
        world.run(for: .seconds(1))
        if !world.isOneRing { return fault(.oneRing, "fell apart in quiet: \(world.ringFaults)") }
        // A report of a death may have been lost: then the lease has to run out.
        let named = world.run(within: NameMemory.deadLimit) { $0.nameFaults.isEmpty }
        return named == nil ? fault(.deadName, "\(world.nameFaults)") : nil
    }

    private mutating func drill() -> Violation? {
        guard world.running.count > 1, !world.hasDampedServers else { return nil }
        // Nothing is left that the token could do at the same time.
        world.run(for: .seconds(2))
        let victim = world.running[Int(seed % UInt64(world.running.count))].index
        return Drill(killing: victim, in: &world).faults.first ?? world.violations.first
    }

    private func fault(_ rule: Rule, _ detail: String) -> Violation { Violation(rule, at: world.now, detail) }
}
