import Model

/// How long an answer takes on one kind of path: smoothed as TCP's retransmission timer is (RFC 6298).
struct RoundTrip: Sendable {
    private(set) var mean: Duration?
    private(set) var variation = Duration.zero

    mutating func note(_ sample: Duration) {
        guard let mean else {
            self.mean = sample
            variation = sample / 2
            return
        }
        let error = sample < mean ? mean - sample : sample - mean
        variation = (variation * 3 + error) / 4
        self.mean = (mean * 7 + sample) / 8
    }

    /// What was seen long ago says less about how much the next answer may differ.
    mutating func age() { variation = variation * 15 / 16 }

    /// Within so long nearly every answer comes; zero where nothing was measured.
    var limit: Duration { mean.map { $0 + variation * 4 } ?? .zero }
}

/// What this server measures of its paths, and the waits that follow from it.
///
/// One measure for all servers: who is near waits longer for the far ones than it has to, and nobody is held dead for
/// the length of a path. In one room every wait is what `Ring.Configuration` says.
struct RoundTrips: Sendable {
    var datagrams = RoundTrip()
    var messages = RoundTrip()
    /// Pings under way.
    var pings: [UInt32: (to: ServerLife, time: MonotonicTime)] = [:]
    /// When this server last asked for nothing but the time.
    var lastMeasuring = MonotonicTime(nanoseconds: .min / 2)
    /// Between such questions.
    static let measuringInterval: Duration = .seconds(4)
    /// Answers to pings count for so long.
    static let pingMemory: Duration = .seconds(3)

    mutating func answered(_ sequence: UInt32, by life: ServerLife, at now: MonotonicTime) {
        // Of an answer that comes twice the first one counts; one from another life is none.
        guard let ping = pings[sequence], ping.to == life else { return }
        pings[sequence] = nil
        datagrams.note(now - ping.time)
    }

    mutating func everySecond(at now: MonotonicTime) {
        datagrams.age()
        messages.age()
        if !pings.isEmpty { pings = pings.filter { now - $0.value.time < RoundTrips.pingMemory } }
    }
}

// Every wait for an answer, at least as long as in one room.
extension Ring {
    /// How long an answer to a datagram may take.
    private var datagramTrip: Duration { bounded(trips.datagrams.limit) }

    /// How long the acknowledgement of a message may take: never less than a datagram's answer.
    private var messageTrip: Duration { bounded(max(trips.datagrams.limit, trips.messages.limit)) }

    private func bounded(_ trip: Duration) -> Duration {
        min(max(trip, configuration.hopLimit), configuration.tripLimit)
    }

    private var datagramExcess: Duration { datagramTrip - configuration.hopLimit }
    private var messageExcess: Duration { messageTrip - configuration.hopLimit }

    var hopWait: Duration { messageTrip }
    /// A dial asks three times before somebody has answered: to connect, to prove the key, to say who is there.
    var redialWait: Duration { configuration.redialLimit + messageExcess * 3 }
    var inquiryWait: Duration { configuration.inquiryTime + datagramExcess }
    /// There, the inquiry, and back.
    var confirmationWait: Duration { configuration.confirmationLimit + datagramExcess + messageExcess }
    var messageWait: Duration { configuration.messageLimit + messageExcess * 3 }
    var urgentSilenceWait: Duration { configuration.urgentSilenceLimit + datagramExcess }
    /// For a whole round of the alert.
    var roundWait: Duration {
        configuration.roundLimit + (.milliseconds(10) + messageExcess) * roster.presentCount
    }

    /// Quiet times have no questions, so one is asked now and then to know how long an answer takes.
    mutating func measure() {
        guard now - trips.lastMeasuring >= RoundTrips.measuringInterval,
            let watch = detector.watches.all.first(where: { !$0.isUrgent })
        else { return }
        trips.lastMeasuring = now
        sendProbe(.ping, to: watch.life, at: watch.endpoint)
    }
}
