import Linux
import Model
import Platform

/// A listener whose music plays on while bytes come: it notices when they come too late.
///
/// It begins to play as soon as it has a second of music, keeps at most five seconds in advance, and otherwise leaves
/// the bytes to the connection. Where the music runs out, it waits for the next bytes and has heard a gap.
@Loop
final class Player {
    /// 320 kbit/s.
    static let bytesPerSecond = 40_000
    private static let ahead = 5 * bytesPerSecond

    private let clock: LinuxClock
    private var received = 0
    /// When the first byte was played; moved by each gap.
    private var beganAt: MonotonicTime?
    /// Times at which the music ran out.
    private(set) var late = 0
    private(set) var longestGap = Duration.zero
    private(set) var failure: (any Error)?
    /// From the request to a second of music.
    private(set) var start: Duration?

    init(clock: LinuxClock) { self.clock = clock }

    /// Listens for `duration` from a place in a song on, and starts again there when the song is over.
    func listen(to song: Song, at endpoint: Endpoint, from offset: Int, for duration: Duration) async {
        let askedAt = clock.now
        let end = askedAt + duration
        do {
            let listener = try await Listener(endpoint, clock: clock)
            defer { listener.close() }
            while clock.now < end {
                try await listener.get(song.audio, range: offset..<song.bytes, atMost: 16 << 10) { bytes in
                    try await take(bytes.count, askedAt: askedAt, until: end)
                }
            }
        } catch is Over {
            // As it should be.
        } catch {
            failure = error
        }
    }

    private struct Over: Error {}

    private func take(_ count: Int, askedAt: MonotonicTime, until end: MonotonicTime) async throws {
        let now = clock.now
        if now >= end { throw Over() }
        noteGap(now)
        received += count
        if beganAt == nil, received >= Self.bytesPerSecond {
            beganAt = now
            start = now - askedAt
        }
        guard let beganAt, received > Self.ahead else { return }
        let due = beganAt + .nanoseconds(Int64(received - Self.ahead) * 1_000_000_000 / Int64(Self.bytesPerSecond))
        if due > now { await clock.sleep(until: min(due, end)) }
        if clock.now >= end { throw Over() }
    }

    /// Called when bytes have come: did the music run out before?
    private func noteGap(_ now: MonotonicTime) {
        guard let beganAt else { return }
        let ranOutAt = beganAt + .nanoseconds(Int64(received) * 1_000_000_000 / Int64(Self.bytesPerSecond))
        guard ranOutAt < now else { return }
        late += 1
        longestGap = max(longestGap, now - ranOutAt)
        self.beganAt = beganAt + (now - ranOutAt)
    }
}
