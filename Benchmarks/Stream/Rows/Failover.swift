import Foundation
import Linux
import Model
import Platform

/// The gap that listeners see in the middle of a song when a Data server that serves it dies or hangs.
///
/// They read as fast as they get, so that the servers' buffers hide nothing.
@Loop
final class Failover {
    private let options: Options
    private let folder: String
    private let clock: LinuxClock
    private let say: @Loop (String) -> Void
    private var isOver = false
    private var failures: [any Error] = []

    private static let listeners = 4
    private static let data = 5
    /// How long after the blow a gap counts as its.
    private static let window = Duration.seconds(2)

    init(_ options: Options, folder: String, clock: LinuxClock, say: @escaping @Loop (String) -> Void) {
        self.options = options
        self.folder = folder
        self.clock = clock
        self.say = say
    }

    /// What one listener has noticed since the last blow.
    @Loop
    private final class Ear {
        var last: MonotonicTime?
        var longest = Duration.zero
    }

    func run() async throws -> [Figure] {
        say("failover in mid-stream")
        let cluster = try await Cluster(data: Self.data, replicas: 3, options, folder: folder)
        do {
            let made = try MadeSongs.write(1, megabytes: 200, in: folder + "/made")
            try await cluster.upload(made)
            try FileManager.default.removeItem(atPath: folder + "/made")
            let song = try await cluster.songs()[0]
            let figures = try await blows(cluster, song)
            isOver = true
            await cluster.stop()
            return figures
        } catch {
            isOver = true
            await cluster.stop()
            throw error
        }
    }

    private func blows(_ cluster: Cluster, _ song: Song) async throws -> [Figure] {
        var killed = Figure("a listener's gap after kill -9 of a Data server", .time, .init(p99: 0.25))
        var stopped = Figure("… after SIGSTOP", .time, .init(p99: 0.7))
        for round in 0..<options.rounds * 2 {
            try await cluster.untilReady(Self.data + 1)
            let victim = cluster.data[round % Self.data]
            killed.samples += try await gaps(song, cluster) { victim.send(.kill) }
            await victim.ended()
            try cluster.restart(victim)
            try await cluster.untilReady(Self.data + 1)
            stopped.samples += try await gaps(song, cluster) { victim.send(.stop) }
            victim.send(.proceed)
            let last = (killed.samples.suffix(Self.listeners), stopped.samples.suffix(Self.listeners))
            say("  round \(round + 1): \(last.0), \(last.1)")
        }
        for failure in failures.prefix(1) { say("\(failures.count) streams failed; the first: \(failure)") }
        killed.note = "\(failures.count) streams broken"
        return [killed, stopped]
    }

    /// The longest gap of each listener around a blow.
    private func gaps(_ song: Song, _ cluster: Cluster, blow: @Loop () -> Void) async throws -> [Double] {
        isOver = false
        let ears = (0..<Self.listeners).map { _ in Ear() }
        let tasks = ears.map { ear in
            Loop.spawn("ear") { [self] in await hear(ear, song, cluster.router.http) }
        }
        await clock.sleep(for: .milliseconds(500))
        for ear in ears { ear.longest = .zero }
        blow()
        await clock.sleep(for: Self.window)
        // Who hears nothing at all by now has a gap that is not over.
        let now = clock.now
        let gaps = ears.map { Double(max($0.longest, $0.last.map { now - $0 } ?? Self.window)) }
        isOver = true
        for task in tasks { await task.value }
        return gaps
    }

    private struct Over: Error {}

    /// Hears the song again and again.
    private func hear(_ ear: Ear, _ song: Song, _ endpoint: Endpoint) async {
        do {
            let listener = try await Listener(endpoint, clock: clock)
            defer { listener.close() }
            while !isOver {
                try await listener.get(song.audio) { _ in
                    let now = clock.now
                    if let last = ear.last { ear.longest = max(ear.longest, now - last) }
                    ear.last = now
                    if isOver { throw Over() }
                }
            }
        } catch is Over {
            // The blow has been heard.
        } catch {
            failures.append(error)
        }
    }
}
