import Model

/// What one server knows about the signs of life of the others.
struct FailureDetector: Sendable {
    /// One server under observation.
    struct Watch: Sendable {
        let life: ServerLife
        let endpoint: Endpoint
        /// Misses count from here: the beginning, or the end of a gap of one's own.
        var since: MonotonicTime
        var lastProbe = MonotonicTime(nanoseconds: .min / 2)
        /// Probes without a sign of life.
        var unanswered = 0
        /// Observed only because one before it is suspect.
        var isUrgent: Bool
    }

    struct Heard: Sendable {
        let life: ServerLife
        let time: MonotonicTime
    }

    /// What is under way about a suspect.
    struct Suspicion: Sendable {
        let evidence: Ring.Evidence
        let asked: Int
    }

    /// A probe request of others.
    struct Inquiry: Sendable {
        let endpoint: Endpoint
        var askers: [ServerLife]
        let since: MonotonicTime
        var lastProbe = MonotonicTime(nanoseconds: .min / 2)
    }

    /// Positive evidence of this observer that was wrong before.
    struct Demotion: Sendable {
        var until: MonotonicTime
        var length: Duration
    }

    var watches: [ServerID: Watch] = [:]
    var lastHeard: [ServerID: Heard] = [:]
    var suspicions: [ServerLife: Suspicion] = [:]
    var inquiries: [ServerLife: Inquiry] = [:]
    var dials: Set<ServerLife> = []
    var demotions: [ServerID: Demotion] = [:]
    /// Deaths that this server declared on positive evidence.
    var declared: Set<ServerLife> = []
    var urgentUntil = MonotonicTime.zero
    var tickDue = MonotonicTime.zero
    var sequence: UInt32 = 0

    /// How long nothing has come from an observed server.
    func silence(of watch: Watch, at now: MonotonicTime) -> Duration {
        guard let heard = lastHeard[watch.life.id], heard.life == watch.life else { return now - watch.since }
        return now - max(watch.since, heard.time)
    }

    func heardRecently(_ life: ServerLife, since time: MonotonicTime) -> Bool {
        guard let heard = lastHeard[life.id] else { return false }
        return heard.life == life && heard.time >= time
    }
}

extension Ring {
    mutating func observe(_ entry: RosterEntry, urgently: Bool) {
        if detector.watches[entry.id]?.life == entry.life {
            if !urgently { detector.watches[entry.id]?.isUrgent = false }
            return
        }
        detector.watches[entry.id] = FailureDetector.Watch(
            life: entry.life, endpoint: entry.peerEndpoint, since: now, isUrgent: urgently)
        if urgently { tickSoon() }
    }

    /// Probes who is due, suspects who is silent.
    mutating func tick() {
        if now - detector.tickDue > configuration.tickGap { voidMisses() }
        endUrgency()
        var silent: [ServerLife] = []
        for server in detector.watches.keys.sorted() where probeIfDue(server) {
            if let life = detector.watches[server]?.life { silent.append(life) }
        }
        for life in detector.inquiries.keys.sorted() { probeForInquiry(life) }
        for life in silent { suspect(life, .silent) }
        setTick(at: now + nextInterval)
    }

    private var nextInterval: Duration {
        let isFast = !detector.inquiries.isEmpty || detector.watches.values.contains(where: isFast)
        return isFast ? configuration.fastProbeInterval : configuration.probeInterval
    }

    private func isFast(_ watch: FailureDetector.Watch) -> Bool { watch.isUrgent || watch.unanswered > 1 }

    mutating func setTick(at time: MonotonicTime) {
        detector.tickDue = time
        setTimer(.tick, at: time)
    }

    /// Brings the next tick forward when something urgent began.
    mutating func tickSoon() {
        let soon = now + configuration.fastProbeInterval
        if timers.isSet(.tick), detector.tickDue > soon { setTick(at: soon) }
    }

    /// This server was away itself, so what it missed proves nothing about others.
    private mutating func voidMisses() {
        for server in detector.watches.keys {
            detector.watches[server]?.since = now
            detector.watches[server]?.unanswered = 0
        }
        for life in detector.inquiries.keys.sorted() {
            detector.inquiries[life] = nil
            cancelTimer(.inquiry(life))
        }
    }

    private mutating func endUrgency() {
        guard detector.suspicions.isEmpty, now >= detector.urgentUntil else { return }
        detector.watches = detector.watches.filter { !$0.value.isUrgent }
    }

    /// - Returns: whether the server has been silent for too long.
    private mutating func probeIfDue(_ server: ServerID) -> Bool {
        guard var watch = detector.watches[server] else { return false }
        let silence = detector.silence(of: watch, at: now)
        let limit = watch.isUrgent ? configuration.urgentSilenceLimit : configuration.silenceLimit
        // Three probes at least: time alone is no proof when none was sent.
        if silence >= limit, watch.unanswered >= 3, detector.suspicions[watch.life] == nil { return true }
        if detector.heardRecently(watch.life, since: watch.lastProbe) { watch.unanswered = 0 }
        let interval = isFast(watch) ? configuration.fastProbeInterval : configuration.probeInterval
        // A tick that is a hair early must not wait for the next one.
        if now - watch.lastProbe >= interval - .milliseconds(5) {
            watch.lastProbe = now
            watch.unanswered += 1
            sendProbe(.ping, to: watch.life, at: watch.endpoint)
        }
        detector.watches[server] = watch
        return false
    }

    mutating func sendProbe(_ kind: Probe.Kind, to life: ServerLife, at endpoint: Endpoint, sequence: UInt32? = nil) {
        if sequence == nil { detector.sequence &+= 1 }
        let probe = Probe(
            kind: kind, from: own.life, to: life, sequence: sequence ?? detector.sequence, digest: roster.digest,
            epoch: epoch, token: token)
        effects.append(.sendProbe(probe, to: endpoint))
    }

    mutating func receive(_ probe: Probe, from endpoint: Endpoint) {
        guard probe.to.id == id, probe.from.id != id else { return }
        if probe.kind == .ping {
            // A ping that means another life of this server is answered too, in the name of the present one.
            sendProbe(.acknowledgement, to: probe.from, at: endpoint, sequence: probe.sequence)
        }
        epoch = max(epoch, probe.epoch)
        note(probe.token)
        heard(probe.from, at: endpoint)
        compare(probe.digest, of: probe.from)
    }

    /// A sign of life, by whatever way.
    mutating func heard(_ life: ServerLife, at endpoint: Endpoint? = nil) {
        guard life.id != id else { return }
        guard let entry = roster[life.id], entry.life == life, entry.isPresent else {
            return meet(life, at: endpoint)
        }
        detector.lastHeard[life.id] = FailureDetector.Heard(life: life, time: now)
        detector.watches[life.id]?.unanswered = 0
        if detector.suspicions[life] != nil { clear(life) }
        if detector.inquiries[life] != nil { answerInquiry(life, heard: true) }
    }
}
