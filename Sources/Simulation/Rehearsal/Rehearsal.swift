package import Model
import Ring

/// A rehearsal of bad days: a simulated cluster under faults, then quiet, watched all the time.
package struct Rehearsal {
    /// What is to be played.
    package struct Settings: Sendable {
        package let servers: Int
        package let seed: UInt64
        package let faults: Set<FaultKind>
        /// For how long faults go on.
        package let seconds: Int

        package init(servers: Int, seed: UInt64, faults: Set<FaultKind>, seconds: Int) {
            self.servers = servers
            self.seed = seed
            self.faults = faults
            self.seconds = seconds
        }
    }

    /// What ends a fault.
    struct Ending {
        let time: MonotonicTime
        let action: (inout Rehearsal) -> Void
    }

    let settings: Settings
    var world: RingWorld
    var generator: SeededGenerator
    var chronicle = Chronicle()
    var watch = Watch()
    var endings: [Ending] = []
    /// Where each server stands in the order of the ids.
    var places: [Int] = []
    var ids: [ServerID: Int] = [:]
    /// Above so many servers the ring is settled from the beginning, and looked at less often.
    static let smallWorld = 64

    package init(_ settings: Settings) {
        self.settings = settings
        world = RingWorld(seed: settings.seed)
        generator = SeededGenerator(seed: settings.seed ^ 0xBAD_DA75)
        begin()
    }

    private mutating func begin() {
        if settings.servers > Rehearsal.smallWorld {
            world.addSettledRing(of: settings.servers)
        } else {
            for _ in 0..<settings.servers { world.addServer() }
            world.watchNames()
        }
        let order = world.servers.sorted { $0.id < $1.id }
        places = Array(repeating: 0, count: order.count)
        for (place, server) in order.enumerated() {
            places[server.index] = place
            ids[server.id] = place
            chronicle.servers.append(
                Chronicle.Server(name: "\(place + 1)", id: server.id, address: server.endpoint.host))
        }
        for server in world.servers where server.process == .down {
            world.start(server.index, after: .milliseconds(Int64.random(in: 0...300, using: &generator)))
        }
    }

    /// Plays everything.
    /// - Parameter progress: told after every simulated second.
    package mutating func run(progress: (MonotonicTime) -> Void = { _ in }) -> Chronicle {
        note(.recovery, nil, "\(settings.servers) servers and a registry start")
        let isSmall = settings.servers <= Rehearsal.smallWorld
        let hasStarted = pass(within: .seconds(10), progress) {
            $0.allRun && $0.isWhole && (!isSmall || $0.world.hasTargetRoles)
        }
        if !hasStarted { breakRule("the servers were not one ring with the right roles 10 s after their start") }
        note(.recovery, nil, "one ring: \(words(world.counts))")
        let end = world.now + .seconds(settings.seconds)
        while true {
            let pause = Duration.milliseconds(Int64.random(in: 800...4_000, using: &generator))
            _ = pass(within: min(pause, end - world.now), progress) { _ in false }
            if world.now >= end { break }
            // Mostly one fault at a time, so that it can be seen what each does; sometimes one on top of another.
            let isBusy = !watch.spells.isEmpty || !watch.open.isEmpty
            if !isBusy || Int.random(in: 0..<4, using: &generator) == 0 { strike() }
        }
        calm(progress)
        finish()
        return chronicle
    }

    /// Lets time pass, watches, and ends the faults that are due.
    /// - Returns: whether the condition held within the limit.
    mutating func pass(
        within limit: Duration, _ progress: (MonotonicTime) -> Void, until holds: (Rehearsal) -> Bool
    ) -> Bool {
        let end = world.now + limit
        while true {
            if holds(self) { return true }
            guard world.now < end else { return false }
            let second = world.now.nanoseconds / 1_000_000_000
            let due = endings.map(\.time).min() ?? end
            world.run(until: min(end, max(due, world.now), world.now + glance))
            observe()
            let ended = endings.filter { $0.time <= world.now }
            endings.removeAll { $0.time <= world.now }
            for ending in ended { ending.action(&self) }
            if world.now.nanoseconds / 1_000_000_000 != second { progress(world.now) }
        }
    }

    /// How long the watcher may look away.
    private var glance: Duration {
        let isSmall = world.servers.count <= Rehearsal.smallWorld
        if watch.open.isEmpty { return isSmall ? .milliseconds(10) : .milliseconds(100) }
        return isSmall ? .milliseconds(1) : .milliseconds(10)
    }

    mutating func later(_ range: ClosedRange<Int64>, _ action: @escaping (inout Rehearsal) -> Void) {
        let time = world.now + .milliseconds(Int64.random(in: range, using: &generator))
        endings.append(Ending(time: time, action: action))
    }

    mutating func note(_ kind: Chronicle.Moment.Kind, _ place: Int?, _ text: String) {
        chronicle.moments.append(Chronicle.Moment(time: world.now, kind: kind, place: place, text: text))
    }

    mutating func breakRule(_ text: String) {
        guard !chronicle.broken.contains(text) else { return }
        chronicle.broken.append(text)
        note(.broken, nil, "RULE BROKEN: " + text)
    }

    func words(_ counts: RoleCounts) -> String { "\(counts.data) Data and \(counts.router) Router" }
}
