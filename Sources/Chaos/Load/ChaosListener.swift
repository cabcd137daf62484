internal import Client
internal import HTTP
internal import Linux
package import Model
package import Platform

/// Plays songs one after the other at their own pace, as a player does that reads some seconds ahead, and compares
/// every byte with what was uploaded. A Router that stands still or fails is left for the next one, at the same byte.
@Loop
package final class ChaosListener {
    /// How far a player reads ahead: the page's 30 s would hide what is looked for.
    private static let ahead = Duration.seconds(8)
    private static let watchdog = Duration.milliseconds(1_500)
    /// How long a song may stand still before it counts as stopped for good.
    private static let patience = Duration.seconds(20)
    private static let pieceTime = Duration.milliseconds(20)
    /// Pauses that nobody hears: of the scheduler, not of the cluster.
    private static let unheard = Duration.milliseconds(50)

    private let world: ClientWorld
    private let finder: RouterFinder
    private let clock: LinuxClock
    /// Told of every gap, with when it began, how long it was and why.
    private let gap: @Loop (MonotonicTime, Duration, String) -> Void
    package private(set) var songs = 0
    package private(set) var bytes = 0
    package private(set) var changes = 0
    /// What a listener must never meet.
    package private(set) var broken: [String] = []

    package init(
        _ cluster: ChaosCluster, seed: UInt64, gap: @escaping @Loop (MonotonicTime, Duration, String) -> Void
    ) {
        world = cluster.world
        clock = cluster.clock
        finder = RouterFinder(cluster, seed: seed)
        self.gap = gap
    }

    /// One song, from its first byte to its last.
    package func play(_ song: SyntheticSong, _ id: SongID, until end: @Loop () -> Bool) async {
        let expected = song.bytes
        var position = Playback(clock.now)
        var routers = await finder.routers()
        var reason = ""
        while position.received < expected.count, !end() {
            if routers.isEmpty {
                routers = await finder.routers()
                await clock.sleep(for: .milliseconds(50))
            }
            let before = position.received
            reason = await stream(id, expected, from: routers.removeFirst(), &position, until: end)
            if position.received < expected.count, position.received > before { changes += 1 }
            if position.received > before { routers = await finder.routers() }
            if !reason.isEmpty, clock.now - position.lastByte > Self.patience {
                broken.append("song \(song.number) stopped at byte \(position.received): \(reason)")
                break
            }
        }
        bytes += position.received
        if position.received == expected.count { songs += 1 }
    }

    /// Reads from one Router until the song ends or the Router fails.
    /// - Returns: why it failed, half a sentence; empty at the end of the song.
    private func stream(
        _ id: SongID, _ expected: [UInt8], from router: Endpoint, _ position: inout Playback,
        until end: @Loop () -> Bool
    ) async -> String {
        do throws(AttemptError) {
            let exchange = try await HTTPExchange.open(
                router, "GET", "/api/v1/songs/\(id)/audio", headers: ["Range": "bytes=\(position.received)-"],
                world: world)
            defer { exchange.close() }
            let head = try await exchange.head(patience: Self.watchdog)
            guard head.status == 206 else { return "\(router) answered \(head.status)" }
            while let piece = try await exchange.body(patience: Self.watchdog) {
                let range = position.received..<position.received + piece.count
                guard range.upperBound <= expected.count, expected[range].elementsEqual(piece) else {
                    broken.append("\(router) sent wrong bytes of song \(id) at \(range.lowerBound)")
                    return "\(router) sent wrong bytes"
                }
                heard(piece.count, &position)
                await pace(&position)
                if end() { return "" }
            }
            return position.received == expected.count ? "" : "\(router) ended early"
        } catch {
            return "\(router): \(error)"
        }
    }

    /// Counts what has come, and the gap before it if the player had run dry. Playing begins with the first second of
    /// music, and again with the first second after a gap, as in every player.
    private func heard(_ count: Int, _ position: inout Playback) {
        let now = clock.now
        if let start = position.start, position.played(at: now) > position.received {
            let dry = start + .milliseconds(position.received * 1000 / SyntheticSong.bytesPerSecond)
            if now - dry > Self.unheard { gap(dry, now - dry, "no Router gave the next byte in time") }
            position.start = nil
            position.beginsAt = position.received
        }
        position.received += count
        position.lastByte = now
        if position.start == nil, position.received - position.beginsAt >= SyntheticSong.bytesPerSecond {
            position.start = now - .milliseconds(position.beginsAt * 1000 / SyntheticSong.bytesPerSecond)
        }
    }

    /// Waits while enough is read ahead.
    private func pace(_ position: inout Playback) async {
        let most = Int(Self.ahead.components.seconds) * SyntheticSong.bytesPerSecond
        while position.received - position.played(at: clock.now) > most { await clock.sleep(for: Self.pieceTime) }
        position.lastByte = clock.now
    }
}

/// How far a song has been received and, by the clock, played.
private struct Playback {
    /// When its first byte would have been heard; nil while the player waits for music.
    var start: MonotonicTime?
    /// The byte from which it plays, or will.
    var beginsAt = 0
    var received = 0
    var lastByte: MonotonicTime

    init(_ now: MonotonicTime) { lastByte = now }

    func played(at now: MonotonicTime) -> Int {
        guard let start else { return beginsAt }
        let elapsed = now - start
        let milliseconds = elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
        return Int(milliseconds) * SyntheticSong.bytesPerSecond / 1000
    }
}
