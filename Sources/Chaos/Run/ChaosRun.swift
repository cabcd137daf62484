internal import Client
internal import Linux
internal import Model
package import Platform
internal import Testbed

/// A real cluster under faults with listeners and uploaders running, and what came of it.
@Loop
package final class ChaosRun {
    /// What somebody asks for.
    package struct Settings: Sendable {
        package var seed: UInt64
        package var seconds: Int
        package var listeners = 3
        package var uploaders = 2

        package init(seed: UInt64, seconds: Int) {
            self.seed = seed
            self.seconds = seconds
        }
    }

    /// How long a cluster may take to be one again, roles included, before the next fault.
    private static let healLimit = Duration.seconds(30)
    private static let firstSongs = 4
    private static let songSeconds = 20

    let cluster: ChaosCluster
    let settings: Settings
    let clock: LinuxClock
    let calls: SongCalls
    /// Told of what happens as it happens, a line each.
    let tell: @Loop (String) -> Void
    private let start: MonotonicTime
    private var plan: ChaosPlan
    private var isOver = false
    var chronicle = ChaosChronicle()
    /// Acknowledged songs, which the cluster owes from then on.
    var owed: [(song: SyntheticSong, id: SongID)] = []
    var open: [Int: ChaosChronicle.Stretch] = [:]

    package init(_ cluster: ChaosCluster, _ settings: Settings, tell: @escaping @Loop (String) -> Void) {
        self.cluster = cluster
        self.settings = settings
        self.tell = tell
        clock = cluster.clock
        calls = SongCalls(world: cluster.world)
        start = clock.now
        plan = ChaosPlan(
            servers: cluster.servers.count, registries: cluster.registries.count,
            onHosts: cluster.place.hasCables, seed: settings.seed)
        chronicle.processes = cluster.all.map(\.name)
        chronicle.listeners = settings.listeners
    }

    var elapsed: Duration { clock.now - start }

    /// Starts the cluster, hurts it for as long as was asked for, and lets the referee look at what is left.
    package func run(until stopped: @escaping @Loop () -> Bool) async throws(ChaosError) -> ChaosChronicle {
        try await cluster.start()
        if let fault = await cluster.settles(within: Self.healLimit, { await self.fault() }).after == nil ? "" : nil {
            throw ChaosError("the cluster did not become one before the first fault\(fault)\(await cluster.report())")
        }
        for number in 0..<UInt64(Self.firstSongs) { await upload(number, seconds: Self.songSeconds) }
        guard !owed.isEmpty else {
            throw ChaosError("no song was taken before the first fault\(await cluster.report())")
        }
        let watch = Loop.spawn("watch") { [self] in await watchServers() }
        let load = startLoad()
        let end = elapsed + .seconds(settings.seconds)
        while elapsed < end, !stopped() { await wound(plan.next(), until: stopped) }
        isOver = true
        for task in load { await task.value }
        await judge()
        chronicle.length = elapsed
        watch.cancel()
        await watch.value
        for stretch in open.values { chronicle.stretches.append(stretch) }
        return chronicle
    }

    private func fault() async -> String? { await cluster.fault(among: cluster.running) }

    /// Does one thing, waits, undoes it, and measures how long the cluster takes to be one again.
    private func wound(_ fault: ChaosFault, until stopped: @Loop () -> Bool) async {
        tell("\(text(elapsed))  \(fault.text)")
        var wound = ChaosChronicle.Wound(fault: fault, start: elapsed, end: elapsed)
        do {
            try await inflict(fault.kind)
            let over = clock.now + fault.length
            while clock.now < over, !stopped() { await clock.sleep(for: .milliseconds(50)) }
            try await undo(fault.kind)
        } catch {
            chronicle.broken.append("\(fault.text): \(error)")
        }
        wound.end = elapsed
        let (healed, last) = await cluster.settles(within: Self.healLimit) { await self.fault() }
        wound.healed = healed
        wound.stillWrong = last
        chronicle.wounds.append(wound)
        if let healed {
            tell("\(text(elapsed))    undone, one again after \(text(healed)) s")
        } else {
            tell("\(text(elapsed))    NOT one again: \(last)")
            chronicle.broken.append("not one ring within \(Self.healLimit) after “\(fault.text)”: \(last)")
        }
        await clock.sleep(for: fault.rest)
    }

    private func inflict(_ kind: ChaosFault.Kind) async throws {
        let place = cluster.place
        switch kind {
        case .kill(let server): await cluster.servers[server].kill()
        case .pause(let server): await cluster.servers[server].pause()
        case .restart(let server):
            if await cluster.servers[server].terminate() == nil {
                chronicle.broken.append("server-\(server + 1) did not leave when it was asked to")
                await cluster.servers[server].kill()
            }
        case .killRegistry(let registry): await cluster.registries[registry].kill()
        case .unplug(let server): try await place.wire { $0.unplugged = [host(server)] }
        case .split(let sides): try await place.wire { $0.groups = groups(sides) }
        case .mute(let server):
            let mute = host(server)
            let others = cluster.all.map { $0.index + 2 }.filter { $0 != mute }
            try await place.wire { $0.deaf = Set(others.map { Wiring.Direction(from: mute, to: $0) }) }
        case .loss(let percent): try await place.wire { $0.lossPercent = percent }
        }
    }

    private func undo(_ kind: ChaosFault.Kind) async throws {
        switch kind {
        case .kill(let server), .restart(let server):
            try cluster.servers[server].start()
            try await cluster.ready()
        case .pause(let server): await cluster.servers[server].proceed()
        case .killRegistry(let registry):
            try cluster.registries[registry].start()
            try await cluster.ready()
        case .unplug, .split, .mute, .loss: try await cluster.place.wire { $0 = Wiring() }
        }
    }

    private func host(_ server: Int) -> Int { cluster.servers[server].index + 2 }

    /// Sides of a split with the registries dealt out to them.
    private func groups(_ sides: [[Int]]) -> [[Int]] {
        sides.enumerated().map { number, side in
            side.map(host)
                + cluster.registries.enumerated().filter { $0.offset % sides.count == number }.map {
                    $0.element.index + 2
                }
        }
    }

    // MARK: Load

    private func startLoad() -> [Task<Void, Never>] {
        let listeners = (0..<settings.listeners).map { number in
            Loop.spawn("listener \(number + 1)") { [self] in await listen(number) }
        }
        let uploaders = (0..<settings.uploaders).map { number in
            Loop.spawn("uploader \(number + 1)") { [self] in await keepUploading(number) }
        }
        return listeners + uploaders
    }

    private func listen(_ number: Int) async {
        let seed = settings.seed &+ UInt64(number) &+ 100
        let listener = ChaosListener(cluster, seed: seed) { [self] time, length, reason in
            chronicle.gaps.append(
                ChaosChronicle.Gap(listener: number, start: time - start, length: length, reason: reason))
            tell("\(text(elapsed))    listener \(number + 1) heard nothing for \(text(length)) s")
        }
        var generator = SeededGenerator(seed: seed)
        while !isOver {
            let choice = owed[Int.random(in: 0..<owed.count, using: &generator)]
            await listener.play(choice.song, choice.id) { self.isOver }
        }
        chronicle.songsPlayed += listener.songs
        chronicle.bytesPlayed += listener.bytes
        chronicle.changes += listener.changes
        chronicle.broken += listener.broken
    }

    private func keepUploading(_ number: Int) async {
        var generator = SeededGenerator(seed: settings.seed &+ UInt64(number) &+ 1_000)
        var next = UInt64(number + 1) * 1_000_000
        while !isOver {
            await upload(next, seconds: Int.random(in: 2...12, using: &generator))
            next += 1
            await clock.sleep(for: .milliseconds(Int.random(in: 200...2_000, using: &generator)))
        }
    }

    private func upload(_ number: UInt64, seconds: Int) async {
        let song = SyntheticSong(number: settings.seed &* 1_000_003 &+ number, seconds: seconds)
        let finder = RouterFinder(cluster, seed: song.number)
        guard let router = await finder.routers().first else { return }
        let begun = elapsed
        let outcome = await calls.upload(song, to: router)
        chronicle.uploads.append(
            ChaosChronicle.Upload(time: begun, took: elapsed - begun, number: song.number, outcome: outcome))
        if case .acknowledged(let id, _) = outcome { owed.append((song, id)) }
    }

    func text(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        let rest = "\(milliseconds % 1000)"
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
