package import Model
package import Platform

/// Which recordings listeners of this server hear.
@Loop
package final class NowPlaying {
    /// A player that has buffered enough asks no sooner than this.
    private static let memory = Duration.seconds(30)
    /// The most that are told to others.
    private static let maximum = 200

    /// Songs that are being sent to listeners now.
    package private(set) var streams = 0 { didSet { changed() } }
    /// Called when `streams` is another.
    package var changed: @Loop () -> Void = {}
    private let clock: any Clock
    private var lastRead: [ContentHash: MonotonicTime] = [:]

    package init(clock: any Clock) { self.clock = clock }

    package func began() { streams += 1 }
    package func ended() { streams -= 1 }

    package func note(_ recording: ContentHash) {
        lastRead[recording] = clock.now
        if lastRead.count > 2 * Self.maximum { forget() }
    }

    private func forget() {
        let oldest = clock.now - Self.memory
        lastRead = lastRead.filter { $0.value >= oldest }
    }

    /// Those that were read from lately, the last ones where they are many.
    package var recordings: [ContentHash] {
        forget()
        return lastRead.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.prefix(Self.maximum).map(\.key)
    }
}
