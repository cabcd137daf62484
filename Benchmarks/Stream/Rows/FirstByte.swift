import Linux
import Model
import Platform

/// From the first packet of a new connection to the first byte of a song, on a quiet cluster whose Router holds
/// nothing.
@Loop
struct FirstByte {
    let options: Options
    let folder: String
    let clock: LinuxClock
    let say: @Loop (String) -> Void

    private static let count = 500

    func run() async throws -> [Figure] {
        say("the first byte of a song")
        let cluster = try await Cluster(data: 3, replicas: 3, options, folder: folder)
        do {
            try await cluster.upload([options.music])
            let songs = try await cluster.songs()
            try await cluster.untilReady(4)
            var figure = Figure("the first byte of a song, on a connection of its own", .time, .init(p99: 0.015))
            var noise = Noise(seed: 5)
            for _ in 0..<Self.count {
                let song = songs[Int.random(in: songs.indices, using: &noise)]
                let start = Int.random(in: 0..<song.bytes, using: &noise)
                figure.samples.append(Double(try await time(song, from: start, at: cluster.router.http)))
                await clock.sleep(for: .milliseconds(5))
            }
            await cluster.stop()
            return [figure]
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private struct Heard: Error {}

    private func time(_ song: Song, from start: Int, at endpoint: Endpoint) async throws -> Duration {
        let began = clock.now
        let listener = try await Listener(endpoint, clock: clock)
        defer { listener.close() }
        do {
            try await listener.get(song.audio, range: start..<song.bytes) { _ in throw Heard() }
        } catch is Heard {
            return clock.now - began
        }
        throw Failure("a song has no bytes")
    }
}
