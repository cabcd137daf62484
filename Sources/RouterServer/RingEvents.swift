internal import HTTP
package import Model
package import Platform

/// What a server saw happen in its ring, as `event: ring` of `/api/v1/cluster/events` tells it.
package struct RingEvent: Hashable, Sendable, Encodable {
    /// What happened.
    package enum Kind: String, Hashable, Sendable, Encodable {
        case joined, suspected, cleared, died, left, returned, refuted
        /// An alert of this server sets out; another one's has been sent on; its own is back.
        case alertLaunched, alertPassed, manager
        case imbalance, roleTaken, token
        /// This server has copies to make; all of them are made.
        case repairBegan, repairEnded
    }

    package var kind: Kind
    /// The server that it is about, where that is another one.
    package var about: ServerID?
    /// Names one alert's round.
    package var alert: String?
    /// The servers whose failure an alert tells.
    package var failures: [ServerID]?
    /// To whom an alert was sent.
    package var next: ServerID?
    package var role: Role?
    /// The servers that an imbalance names.
    package var servers: [ServerID]?
    package var evidence: String?
    package var members: Int?
    /// Chunks' copies to be made.
    package var copies: Int?

    package init(_ kind: Kind, about: ServerID? = nil) {
        self.kind = kind
        self.about = about
    }
}

/// The last events of one server, numbered from 1 on, for whoever watches.
@Loop
package final class RingEvents {
    /// An event as it is told.
    private struct Told: Encodable {
        let number: UInt64
        /// By the teller's clock, with milliseconds.
        let at: String
        /// The teller.
        let server: ServerID
        let event: RingEvent

        private enum Key: String, CodingKey { case number, at, server }

        func encode(to encoder: any Encoder) throws {
            try event.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(number, forKey: .number)
            try container.encode(at, forKey: .at)
            try container.encode(server, forKey: .server)
        }
    }

    /// Events that a new watcher is told, and that one who is slow may be behind.
    private static let kept = 64

    /// The number of the last one.
    package private(set) var last: UInt64 = 0
    /// Called after an event was noted.
    package var noted: @Loop () -> Void = {}
    /// Whether a repair was told of that has not ended.
    package var isRepairing = false
    private var events: [(number: UInt64, frame: [UInt8])] = []
    private let own: ServerID
    private let clock: any Clock

    package init(own: ServerID, clock: any Clock) {
        self.own = own
        self.clock = clock
    }

    package func note(_ event: RingEvent) {
        last += 1
        let told = Told(number: last, at: CalendarDate(wallMs: clock.wallMs).iso8601Precise, server: own, event: event)
        // What is encoded here are ids, numbers and words, which always can be.
        guard let json = try? JSONText.encode(told) else { return }
        events.append((last, Array("event: ring\nid: \(last)\ndata: ".utf8) + json + Array("\n\n".utf8)))
        if events.count > Self.kept { events.removeFirst() }
        noted()
    }

    /// The events after that one as server-sent events, those of them that are still known.
    package func frames(after number: UInt64) -> [UInt8] {
        guard number < last else { return [] }
        return events.lazy.filter { $0.number > number }.flatMap(\.frame)
    }
}
