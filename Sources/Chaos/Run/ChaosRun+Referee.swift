internal import Client
internal import Linux
internal import Model
internal import Platform

// What is looked at while the faults come, and at the end.
extension ChaosRun {
    private static let watchInterval = Duration.milliseconds(100)
    private static let quietLimit = Duration.seconds(30)
    private static let repairLimit = Duration.seconds(60)

    /// Writes down how every process stands, ten times a second.
    func watchServers() async {
        while !Task.isCancelled {
            let asked = cluster.servers.filter { $0.isRunning && !$0.isPaused }
            let told = await cluster.statuses(of: asked)
            for server in cluster.all {
                let own = told[server.index].flatMap { status in
                    status.members.first { $0.id == status.`self` }?.role
                }
                note(server, own)
            }
            await clock.sleep(for: Self.watchInterval)
        }
    }

    private func note(_ server: ChaosServer, _ role: Role?) {
        let condition: ChaosChronicle.Condition =
            if !server.isRunning { .down } else if server.isPaused { .paused } else if server.isRegistry {
                .registry
            } else if let role { role == .data ? .data : .router } else { .starting }
        if open[server.index]?.condition == condition {
            open[server.index]?.end = elapsed
            return
        }
        if var stretch = open[server.index] {
            stretch.end = elapsed
            chronicle.stretches.append(stretch)
        }
        open[server.index] = ChaosChronicle.Stretch(
            place: server.index, start: elapsed, end: elapsed, condition: condition)
    }

    /// After the last fault: one ring, nothing short of copies, every acknowledged song whole at every Router.
    func judge() async {
        tell("\(text(elapsed))  the referee looks")
        if await cluster.settles(within: Self.quietLimit, { await self.cluster.fault(among: self.cluster.running) })
            .after
            == nil
        {
            chronicle.broken.append("there was no one ring in the end")
        }
        let repaired = await cluster.settles(within: Self.repairLimit) { await self.copyFault() }
        if repaired.after == nil { chronicle.broken.append("copies were not repaired: \(repaired.last)") }
        for router in await cluster.running(.router) {
            for (song, id) in owed {
                let (after, last) = await cluster.settles(within: .seconds(10)) {
                    await self.calls.fault(of: song, id, at: router.http)
                }
                if after == nil { chronicle.broken.append("song \(song.number) at \(router.name): \(last)") }
            }
        }
        let fault = chronicle.broken.contains { $0.hasPrefix("song ") }
        chronicle.songsKept = fault ? 0 : owed.count
    }

    private func copyFault() async -> String? {
        for (index, status) in await cluster.statuses(of: cluster.running) {
            let replication = status.replication
            if replication.under > 0 || replication.lost > 0 {
                return
                    "\(cluster.all[index].name) counts \(replication.under) short of copies, \(replication.lost) lost"
            }
        }
        return nil
    }
}
