import Linux
import Model
import Platform
import Testbed

/// What followed when a server had gone, in seconds from the blow.
struct Death {
    /// Until its predecessor passed over it.
    var routedAround = Double.infinity
    /// Until no roster and no registry had it.
    var gone = Double.infinity
    /// How long the alerts took that followed.
    var rounds: [Double] = []
    /// Until the first agent and until all agents of Serf called theirs failed; nil where none took part.
    var serf: (first: Double, all: Double)?
}

// What happens after a server has gone, in one way or another.
extension RingBench {
    /// How a server is taken away.
    private enum Blow: String {
        case kill, stop, cut
    }

    func measureKills() async throws {
        let small = count <= 10
        var routed = Figure(
            "kill -9 → the neighbour routes around it", servers: count, bound: .init(median: 0.02, worst: 0.1))
        var gone = Figure(
            "kill -9 → gone from every roster and registry", servers: count, bound: .init(worst: small ? 0.3 : 0.6))
        var round = Figure("the alert's full round", servers: count, bound: .init(median: small ? 0.01 : nil))
        for run in 0..<options.runs {
            let death = try await death(by: .kill, run: run)
            routed.samples.append(death.routedAround)
            gone.samples.append(death.gone)
            round.samples += death.rounds
            guard let serf = death.serf else { continue }
            routed.peer.append(serf.first)
            gone.peer.append(serf.all)
        }
        figures += [routed, gone, round]
    }

    func measureSilence() async throws {
        var figure = Figure("SIGSTOP or cable cut → gone everywhere", servers: count, bound: .init(worst: 1.5))
        for run in 0..<options.runs {
            let death = try await death(by: run.isMultiple(of: 2) ? .stop : .cut, run: run)
            figure.samples.append(death.gone)
            if let serf = death.serf { figure.peer.append(serf.all) }
        }
        figures.append(figure)
    }

    private func death(by blow: Blow, run: Int) async throws -> Death {
        try await settle()
        let victim = await nextVictim()
        let agent = isSerfRun(run) ? agent(beside: victim) : nil
        let life = victim.life
        let start = rondo.now
        try await deal(blow, to: victim, and: agent)
        var death = await watch(life, victim, since: start)
        let (passed, gone) = (Table.number(death.routedAround, .time), Table.number(death.gone, .time))
        say("N=\(count) \(blow) of \(victim.address): passed over after \(passed), gone after \(gone)")
        if let agent { death.serf = await serfTimes(agent, since: start) }
        try await undo(blow, victim, agent)
        return death
    }

    /// Takes a server away, and Serf's agent on the same host with it.
    private func deal(_ blow: Blow, to victim: BenchServer, and agent: SerfAgent?) async throws {
        victim.deaths.append(clock.now)
        victim.isAway = true
        agent?.isAway = true
        switch blow {
        case .kill:
            victim.send(.kill)
            agent?.send(.kill)
        case .stop:
            victim.send(.stop)
            agent?.send(.stop)
        case .cut: try await bed.wire { $0.unplugged.insert(victim.host.number) }
        }
    }

    private func watch(_ life: String, _ victim: BenchServer, since start: WallTime) async -> Death {
        let observer = rondo.there.first { $0.history.view.successor == life }
        func passedOver() -> WallTime? {
            observer?.history.views.first { $0.time >= start && $0.state.successor != life }?.time
        }
        do throws(NotInTime) {
            try await rondo.until("end of \(life)", within: Self.patience) { [self] _ in
                passedOver() != nil && gone(life, victim, since: start) != nil
            }
            try await rondo.until("end of the alert", within: .seconds(2)) { cluster in
                cluster.there.contains { $0.history.rounds.contains { $0.time >= start } }
            }
        } catch {
            say("\(error)")
        }
        let rounds = rondo.there.flatMap { $0.history.rounds }.filter { $0.time >= start }
        return Death(
            routedAround: seconds(from: start, to: passedOver()),
            gone: seconds(from: start, to: gone(life, victim, since: start)),
            rounds: rounds.map { Double($0.length) })
    }

    /// When the last roster and the last registry let it go; nil while one has it.
    private func gone(_ life: String, _ victim: BenchServer, since start: WallTime) -> WallTime? {
        let rosters = rondo.there.compactMap { $0.history.gone[life] }.filter { $0 >= start }
        let lists = rondo.watches.compactMap { watch in
            watch.states.first { $0.time >= start && !$0.state.servers.contains(victim.address) }?.time
        }
        guard rosters.count == rondo.there.count, lists.count == rondo.watches.count else { return nil }
        return (rosters + lists).max()
    }

    private func serfTimes(_ agent: SerfAgent, since start: WallTime) async -> (first: Double, all: Double) {
        let last = await serfTime { serf.failureKnown(agent.name, since: start)?.max() }
        let first = serf.there.compactMap { $0.history.failed[agent.name] }.filter { $0 >= start }.min()
        let times = (seconds(from: start, to: first), seconds(from: start, to: last))
        say("  serf: known to one after \(Table.number(times.0, .time)), to all after \(Table.number(times.1, .time))")
        return times
    }

    private func undo(_ blow: Blow, _ victim: BenchServer, _ agent: SerfAgent?) async throws {
        let start = rondo.now
        switch blow {
        case .kill:
            await victim.ended(by: clock.now + .seconds(5))
            try victim.start()
            try agent?.start()
        case .stop:
            victim.send(.proceed)
            agent?.send(.proceed)
        case .cut: try await bed.wire { $0.unplugged.remove(victim.host.number) }
        }
        victim.isAway = false
        agent?.isAway = false
        let whole = try await rondo.whole(since: start, within: Self.patience)
        say("  back after \(Table.number(Double(whole - start), .time))")
        guard agent != nil else { return }
        if await serfTime({ serf.becameWhole(since: start) }) == nil { say("  serf is not whole again") }
    }
}
