import Model
import Ring

/// What the ring promises in figures, measured in simulated worlds; a benchmark prints them, and short forms are tests.
package enum RingFigures {
    /// Live servers that were declared dead in a world of loss, jitter and pauses.
    package struct FalseDeaths: Hashable, Sendable {
        package var serverSeconds: Int64
        package var deaths: Int
        /// Suspicions that a third server cleared.
        package var cleared: Int
    }

    /// Plays a ring with 5 % loss, up to 50 ms of jitter, and a pause of 250 ms of each server in every minute.
    package static func falseDeaths(servers: Int, seconds: Int, seed: UInt64) -> FalseDeaths {
        var world = RingWorld(seed: seed)
        var generator = SeededGenerator(seed: seed ^ 0xFA15E)
        world.addSettledRing(of: servers)
        world.network.loss = 0.05
        world.network.jitter = .milliseconds(50)
        var result = FalseDeaths(serverSeconds: 0, deaths: 0, cleared: 0)
        for _ in 0..<max(1, seconds / 60) {
            playMinute(of: &world, &generator)
            // Counted minute by minute, so that a long run needs no more memory than a short one.
            for note in world.takeNotes() {
                if case .died = note.observation { result.deaths += 1 }
                if case .cleared = note.observation { result.cleared += 1 }
            }
            result.serverSeconds += Int64(servers) * 60
        }
        return result
    }

    private static func playMinute(of world: inout RingWorld, _ generator: inout SeededGenerator) {
        let start = world.now
        let pause = Duration.milliseconds(250)
        var switches: [(time: MonotonicTime, server: Int, isPause: Bool)] = []
        for server in world.servers.indices {
            let time = start + .milliseconds(Int64.random(in: 0..<59_500, using: &generator))
            switches += [(time, server, true), (time + pause, server, false)]
        }
        for change in switches.sorted(by: { ($0.time, $0.server) < ($1.time, $1.server) }) {
            world.run(until: change.time)
            if change.isPause { world.pause(change.server) } else { world.resume(change.server) }
        }
        world.run(until: start + .seconds(60))
    }

    /// A ring split into halves and healed.
    package struct Healing: Hashable, Sendable {
        /// Reachable servers that were declared dead from the healing on.
        package var falseDeaths: Int
        /// The smallest number of live servers that anybody saw on the way.
        package var smallestView: Int
        /// From the healing to one ring with equal rosters; nil for not within 10 s.
        package var time: Duration?
        /// Roster entries in all messages from the healing on: 1 a server and a server would be the least.
        package var told: Int
    }

    package static func healing(servers: Int, seed: UInt64, split: Duration = .seconds(30)) -> Healing {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: servers)
        world.run(for: .seconds(1))
        world.network.divide([Array(0..<servers / 2), Array(servers / 2..<servers)])
        world.run(for: split)
        _ = world.takeNotes()
        let (start, told) = (world.now, world.told)
        world.network.mend()
        var smallest = servers
        let healed = world.run(within: .seconds(10)) { world in
            for server in world.servers { smallest = min(smallest, server.presentCount) }
            return world.hasEqualRosters(of: servers)
        }
        world.run(for: .seconds(2))
        let deaths = world.takeNotes().count { if case .died = $0.observation { true } else { false } }
        return Healing(
            falseDeaths: deaths, smallestView: smallest, time: healed.map { $0 - start }, told: world.told - told)
    }

    /// How a server goes.
    package enum Failure: String, Hashable, Sendable, CaseIterable {
        /// `kill -9`.
        case kill
        /// The power or the cable.
        case silence
    }

    /// - Returns: how long it takes until everybody knows that one of so many servers is gone; nil for longer than 5 s.
    package static func detection(of failure: Failure, servers: Int, seed: UInt64) -> Duration? {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: servers)
        // At some point between two heartbeats.
        world.run(for: .seconds(2) + .milliseconds(Int64(seed % 200)))
        let victim = Int(seed % UInt64(servers))
        let start = world.now
        switch failure {
        case .kill: world.kill(victim)
        case .silence: world.vanish(victim)
        }
        let id = world.servers[victim].id
        return world.run(within: .seconds(5)) { $0.holdsDead(id) }.map { $0 - start }
    }

    /// Bytes of IP packets in a second of quiet, each way.
    package struct Rates: Hashable, Sendable {
        package var sentMean: Double
        package var sentMost: Double
        package var receivedMean: Double
        package var receivedMost: Double
    }

    package static func traffic(servers: Int, seconds: Int, seed: UInt64) -> Rates {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: servers)
        world.run(for: .seconds(5))
        world.countsTraffic = true
        world.run(for: .seconds(seconds))
        let sent = world.servers.map { Double($0.traffic.sent) / Double(seconds) }
        let received = world.servers.map { Double($0.traffic.received) / Double(seconds) }
        return Rates(
            sentMean: sent.reduce(0, +) / Double(servers), sentMost: sent.max() ?? 0,
            receivedMean: received.reduce(0, +) / Double(servers), receivedMost: received.max() ?? 0)
    }
}

extension RingWorld {
    /// What was reported since the last time, which is forgotten here.
    mutating func takeNotes() -> [Note] {
        defer { notes = [] }
        return notes
    }

    /// Whether everyone runs, sees so many, and has the roster of all others.
    func hasEqualRosters(of count: Int) -> Bool {
        guard let digest = servers.first?.digest else { return false }
        return servers.allSatisfy { $0.digest == digest && $0.presentCount == count }
    }

    func holdsDead(_ id: ServerID) -> Bool {
        servers.allSatisfy { $0.id == id || $0.state(of: id) == .dead }
    }
}

extension SimulatedServer {
    var digest: UInt64? { ring?.roster.digest }
    var presentCount: Int { ring?.roster.presentCount ?? 0 }
    func state(of id: ServerID) -> ServerState? { ring?.roster[id]?.state }
}
