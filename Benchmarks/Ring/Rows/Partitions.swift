import Linux
import Model
import Platform
import Testbed

// The hosts in two halves that do not hear each other, for a while, with a registry on each side.
extension RingBench {
    func measurePartitions() async throws {
        let length = Int(options.partition / .seconds(1))
        var figure = Figure(
            "partition of \(length) s healed → one ring, equal rosters and registries", servers: count,
            bound: .init(worst: 2))
        var deaths = Figure("… reachable servers declared dead while it heals", servers: count, unit: .count)
        for run in 0..<options.runs {
            try await settle()
            let withSerf = isSerfRun(run) && serf.there.count == count
            try await bed.wire { $0.groups = [half] }
            await clock.sleep(for: options.partition)
            rondo.read()
            let known = Set(rondo.there.map(\.history.view.members)).sorted()
            let start = rondo.now
            try await bed.heal()
            let whole = try await rondo.whole(since: start, within: .seconds(30))
            figure.samples.append(Double(whole - start))
            let late = rondo.there.map { $0.history.declared.filter { $0.time >= start }.count }
            deaths.samples.append(Double(late.reduce(0, +)))
            say("N=\(count) rosters of \(known) are one after \(Table.number(figure.samples.last, .time))")
            guard withSerf else { continue }
            figure.peer.append(seconds(from: start, to: await serfTime { serf.becameWhole(since: start) }))
            say("  serf: after \(Table.number(figure.peer.last, .time))")
        }
        figures += [figure, deaths]
    }

    /// The first registry's host and every second server's.
    private var half: [Int] {
        let servers = rondo.servers.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element.host.number)
        return [rondo.registries[0].host.number] + servers
    }
}
