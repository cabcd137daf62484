import Linux
import Model
import Platform
import Testbed

// Servers that all start at the same instant.
extension RingBench {
    /// Starts the cluster, as often as asked for where that is to be measured; it runs afterwards.
    func measureStart() async throws {
        let isMeasured = options.parts.contains(.start)
        var figure = Figure(
            "servers started at once → one ring with the right roles", servers: count,
            bound: .init(worst: count == 30 ? 3 : nil))
        for run in 0..<(isMeasured ? options.runs : 1) {
            if run > 0 { try await startRegistriesAnew() }
            let start = rondo.now
            for server in rondo.servers { try server.startAnew() }
            let whole = try await rondo.whole(since: start, within: .seconds(60), roles: target)
            figure.samples.append(Double(whole - start))
            say("N=\(count) one ring after \(Table.number(figure.samples.last, .time))")
        }
        guard isMeasured else { return }
        if options.serfRuns != 0 { figure.peer = try await serfStarts() }
        figures.append(figure)
    }

    /// Ends everything, and lets registries begin that have forgotten the servers.
    func startRegistriesAnew() async throws {
        let all = rondo.servers + rondo.registries
        for server in all { server.send(.kill) }
        for server in all { await server.ended(by: clock.now + .seconds(5)) }
        let lives = rondo.registries.map(\.life)
        for registry in rondo.registries { try registry.startAnew() }
        try await rondo.until("new registries", within: Self.patience) { cluster in
            zip(cluster.registries, lives).allSatisfy { $0.life != $1 }
        }
    }

    private func serfStarts() async throws -> [Double] {
        var times: [Double] = []
        for run in 0..<options.runs where isSerfRun(run) {
            let start = rondo.now
            for agent in serf.agents { try agent.start() }
            times.append(seconds(from: start, to: await serfTime { serf.becameWhole(since: start) }))
            say("  serf: one cluster after \(Table.number(times.last, .time))")
            await serf.stop()
        }
        return times
    }

    func startSerf() async throws {
        let start = rondo.now
        for agent in serf.agents { try agent.start() }
        if await serfTime({ serf.becameWhole(since: start) }) == nil { say("serf did not become one cluster") }
    }
}
