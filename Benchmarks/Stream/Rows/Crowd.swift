import Foundation
import Linux
import Model
import Platform

/// Many listeners at the same time, all through one Router, which holds nothing.
@Loop
struct Crowd {
    let options: Options
    let folder: String
    let clock: LinuxClock
    let say: @Loop (String) -> Void

    func run() async throws -> [Figure] {
        say("\(options.listeners) listeners for \(options.listeningSeconds) s")
        let cluster = try await Cluster(data: 3, replicas: 3, cores: (.first, .second), options, folder: folder)
        do {
            let made = try MadeSongs.write(40, megabytes: 20, in: folder + "/made")
            try await cluster.upload(made)
            try FileManager.default.removeItem(atPath: folder + "/made")
            let songs = try await cluster.songs()
            let before = Machine.cpuSeconds(of: cluster.router.processID)
            let players = await listen(to: songs, at: cluster.router.http)
            let spent = Machine.cpuSeconds(of: cluster.router.processID) - before
            let memory = Machine.megabytes(of: cluster.router.processID).peak
            let nameless = Machine.namelessMegabytes(of: cluster.router.processID)
            await cluster.stop()
            return figures(players, memory: memory, nameless: nameless, cpuSeconds: spent)
        } catch {
            await cluster.stop()
            throw error
        }
    }

    /// They come within five seconds, as after an announcement.
    private func listen(to songs: [Song], at endpoint: Endpoint) async -> [Player] {
        var noise = Noise(seed: 11)
        let players = (0..<options.listeners).map { _ in Player(clock: clock) }
        let tasks = players.enumerated().map { index, player in
            let song = songs[Int.random(in: songs.indices, using: &noise)]
            // So much music is left from there.
            let wanted = Player.bytesPerSecond * options.listeningSeconds
            let offset = Int.random(in: 0...max(0, song.bytes - wanted - 1), using: &noise)
            let arrival = Duration.milliseconds(5_000 * index / max(1, options.listeners))
            let (clock, duration) = (clock, Duration.seconds(options.listeningSeconds))
            return Loop.spawn("player") {
                await clock.sleep(for: arrival)
                await player.listen(to: song, at: endpoint, from: offset, for: duration)
            }
        }
        for task in tasks { await task.value }
        return players
    }

    private func figures(_ players: [Player], memory: Double, nameless: Double, cpuSeconds: Double) -> [Figure] {
        let failures = players.compactMap(\.failure)
        if let first = failures.first { say("\(failures.count) listeners failed; the first: \(first)") }
        let gaps = players.map { Double($0.longestGap) }.max() ?? 0
        let late = players.map { Double($0.late + ($0.failure == nil && $0.start != nil ? 0 : 1)) }.reduce(0, +)
        return [
            Figure(
                "\(options.listeners) listeners, 320 kbit/s each, through one Router for "
                    + "\(options.listeningSeconds) s: chunks too late", .count, .init(most: 0), samples: [late],
                note: String(format: "longest gap %.0f ms, Router %.1f CPU-s", gaps * 1_000, cpuSeconds)),
            Figure(
                "… from the request to a second of music", .time,
                samples: players.compactMap(\.start).map(Double.init)),
            Figure(
                "… the Router's memory at most", .megabytes, .init(most: 250), samples: [memory + nameless],
                note: String(format: "%.0f MB of it outside of the process", nameless)),
        ]
    }
}
