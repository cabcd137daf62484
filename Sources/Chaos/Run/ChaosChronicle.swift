/// What happened to a real cluster under faults: everything that a table or a page shows of it.
package struct ChaosChronicle: Sendable {
    /// How a server stood for a while, as far as it could be asked.
    package struct Stretch: Sendable {
        /// Its place among all processes, registries first.
        package let place: Int
        package let start: Duration
        package var end: Duration
        package let condition: Condition
    }

    /// What a process was.
    package enum Condition: Hashable, Sendable { case starting, data, router, registry, paused, down }

    /// A fault that was done, and what came of it.
    package struct Wound: Sendable {
        package let fault: ChaosFault
        package let start: Duration
        /// When it was undone.
        package var end: Duration
        /// From undoing it to one ring, one roster and equal registries; nil when it did not come to that.
        package var healed: Duration?
        /// What was wrong when the time to heal had run out.
        package var stillWrong = ""
    }

    /// A time at which a listener heard nothing though the song had not ended.
    package struct Gap: Sendable {
        package let listener: Int
        package let start: Duration
        package let length: Duration
        package let reason: String

        package init(listener: Int, start: Duration, length: Duration, reason: String) {
            self.listener = listener
            self.start = start
            self.length = length
            self.reason = reason
        }
    }

    /// What became of one upload.
    package struct Upload: Sendable {
        package let time: Duration
        package let took: Duration
        package let number: UInt64
        package let outcome: UploadOutcome
    }

    /// Names of all processes, registries first.
    package var processes: [String] = []
    package var listeners = 0
    package var length = Duration.zero
    package var stretches: [Stretch] = []
    package var wounds: [Wound] = []
    package var gaps: [Gap] = []
    package var songsPlayed = 0
    package var bytesPlayed = 0
    /// How often a listener had to go to another Router in the middle of a song.
    package var changes = 0
    package var uploads: [Upload] = []
    /// Acknowledged songs that the referee found whole at every Router.
    package var songsKept = 0
    /// What must never happen, and did.
    package var broken: [String] = []

    package init() {}

    package var acknowledged: Int {
        uploads.count { if case .acknowledged = $0.outcome { true } else { false } }
    }
}
