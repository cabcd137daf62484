import Linux
import Model
import Platform
import Testbed

// The death of the last Data server but one.
extension RingBench {
    func measureRoles() async throws {
        var figure = Figure(
            "last Data but one killed → its replacement serves", servers: count, bound: .init(worst: 1))
        for run in 0..<options.runs {
            figure.samples.append(try await replacement(run))
            say("N=\(count) a new Data server is listed after \(Table.number(figure.samples.last, .time))")
        }
        figures.append(figure)
    }

    /// A ring of its own, in which two of the servers are Data, and that has not had the quiet to correct this.
    private func replacement(_ run: Int) async throws -> Double {
        try await startRegistriesAnew()
        let begin = rondo.now
        let data = [run % count, (run + 1 + run / count) % count]
        for (place, server) in rondo.servers.enumerated() {
            try server.startAnew(as: data.contains(place) ? "data" : "router")
        }
        let roles = RoleCounts(data: 2, router: count - 2)
        _ = try await rondo.whole(since: begin, within: Self.patience, roles: roles, hold: Self.rest)
        guard let victim = rondo.servers.first(where: isData) else { return .infinity }
        let others = Set(rondo.servers.filter { isData($0) && $0 !== victim }.map(\.address))
        let start = rondo.now
        victim.send(.kill)
        do throws(NotInTime) {
            try await rondo.until("new Data server", within: Self.patience) { [self] _ in
                listed(instead: victim, beside: others, since: start) != nil
            }
        } catch {
            say("\(error)")
        }
        return seconds(from: start, to: listed(instead: victim, beside: others, since: start))
    }

    /// Whether all registries list it as Data.
    private func isData(_ server: BenchServer) -> Bool {
        rondo.watches.allSatisfy { $0.listed.data.contains(server.address) }
    }

    /// When the last registry listed another Data server than those that were there.
    private func listed(
        instead victim: BenchServer, beside others: Set<HostAddress>, since start: WallTime
    ) -> WallTime? {
        let times = rondo.watches.compactMap { watch in
            watch.states.first { change in
                let data = change.state.data
                return change.time >= start && !data.contains(victim.address) && !data.subtracting(others).isEmpty
            }?.time
        }
        return times.count == rondo.watches.count ? times.max() : nil
    }
}
