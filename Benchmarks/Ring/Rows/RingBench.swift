import Foundation
import Linux
import Model
import Platform
import Testbed

/// All figures of one number of servers: Rondo and Serf side by side on the same hosts.
@Loop
final class RingBench {
    let count: Int
    let options: Options
    let bed: Testbed
    let rondo: RondoCluster
    let serf: SerfCluster
    let clock: LinuxClock
    let say: @Loop (String) -> Void
    var figures: [Figure] = []
    private var next = 0

    /// For what should take seconds.
    static let patience = Duration.seconds(20)
    /// For Serf, whose merges take up to half a minute.
    static let serfPatience = Duration.seconds(60)
    /// How long a cluster is left alone between two measurements: longer than any rest in its own rules.
    static let rest = Duration.seconds(2)

    init(
        _ count: Int, on bed: Testbed, options: Options, folder: String, clock: LinuxClock,
        say: @escaping @Loop (String) -> Void
    ) throws {
        self.count = count
        self.options = options
        self.bed = bed
        self.clock = clock
        self.say = say
        rondo = try RondoCluster(count, on: bed, folder: folder, program: options.program, clock: clock)
        serf = SerfCluster(rondo.servers.map(\.host), folder: folder, clock: clock)
        rondo.alsoRead = { [serf] in serf.read() }
    }

    var target: RoleCounts { RoleCounts.target(servers: count) }

    /// Measures every part that was asked for. A cluster that does not come to order ends them, and says so.
    func run() async {
        do {
            try await rondo.startRegistries()
            try await measureStart()
            if options.parts.contains(.traffic) { try await measureTraffic() }
            if needsSerf { try await startSerf() }
            if options.parts.contains(.kill) { try await measureKills() }
            if options.parts.contains(.silence) { try await measureSilence() }
            if options.parts.contains(.partition) { try await measurePartitions() }
            if options.parts.contains(.roles) { try await measureRoles() }
        } catch {
            say("\(error)")
            figures.append(Figure("measured to the end", servers: count, unit: .count, bound: .init(least: 1)))
        }
        await rondo.stop()
        await serf.stop()
    }

    private var needsSerf: Bool {
        options.serfRuns != 0 && !options.parts.isDisjoint(with: [.kill, .silence, .partition])
    }

    /// Whether Serf takes part in this run.
    func isSerfRun(_ run: Int) -> Bool { run < options.serfRuns ?? options.runs }

    /// Waits until all servers are one ring again and have been for a while.
    func settle() async throws {
        _ = try await rondo.whole(since: rondo.now, within: Self.patience, hold: Self.rest)
    }

    /// The server whose turn it is, one after the other; a server that died of late has its rest, so that it does not
    /// count as flapping.
    func nextVictim(among fit: @Loop (BenchServer) -> Bool = { _ in true }) async -> BenchServer {
        while true {
            for _ in rondo.servers {
                next += 1
                let server = rondo.servers[next % count]
                server.deaths.removeAll { clock.now - $0 > .seconds(61) }
                if server.isThere, server.deaths.count < 2, fit(server) { return server }
            }
            await clock.sleep(for: .milliseconds(500))
            rondo.read()
        }
    }

    /// The agent on the same host.
    func agent(beside server: BenchServer) -> SerfAgent? { serf.agents.first { $0.host === server.host } }

    /// Waits for a time that Serf has to give.
    func serfTime(within limit: Duration = serfPatience, _ value: @Loop () -> WallTime?) async -> WallTime? {
        let end = clock.now + limit
        while clock.now < end {
            rondo.read()
            if let value = value() { return value }
            await clock.sleep(for: .milliseconds(20))
        }
        return nil
    }
}

/// In seconds, and infinite where there is no end.
func seconds(from start: WallTime, to end: WallTime?) -> Double { end.map { Double($0 - start) } ?? .infinity }
