import Model

/// What one server knows about the signs of life of the others.
struct FailureDetector: Sendable {
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

    /// A connection that is not made again for a while, because its end was wrong evidence.
    struct Rest {
        let until: MonotonicTime
        let length: Duration
    }

    /// Positive evidence of this observer that was wrong before.
    struct Demotion: Sendable {
        var until: MonotonicTime
        var length: Duration
    }

    var watches = Watches()
    /// Signs of life from servers that are not watched; those older than `Ring.Configuration.recentlyHeard` go.
    var lastHeard: [ServerID: Heard] = [:]
    /// Who observes this server, and gets its heartbeats.
    var observers: [RosterEntry] = []
    /// Counts the rounds of heartbeats.
    var round: UInt32 = 0
    var lastHeartbeat = MonotonicTime(nanoseconds: .min / 2)
    /// The last sign of life from anybody, or the end of a gap of one's own.
    var lastSign = MonotonicTime.zero
    var suspicions: [ServerLife: Suspicion] = [:]
    var inquiries: [ServerLife: Inquiry] = [:]
    var dials: Set<ServerLife> = []
    var demotions: [ServerID: Demotion] = [:]
    var rests: [ServerID: Rest] = [:]
    /// Deaths that this server declared on positive evidence.
    var declared: Set<ServerLife> = []
    var urgentUntil = MonotonicTime.zero
    var tickDue = MonotonicTime.zero
    var sequence: UInt32 = 0

    func heardRecently(_ life: ServerLife, since time: MonotonicTime) -> Bool {
        if let watch = watches[life.id], watch.life == life { return watch.heard >= time }
        guard let heard = lastHeard[life.id] else { return false }
        return heard.life == life && heard.time >= time
    }

    /// Keeps these watches only, and remembers when the others were last heard.
    mutating func keepWatches(where isKept: (Watch) -> Bool) {
        for watch in watches.all where !isKept(watch) {
            lastHeard[watch.life.id] = Heard(life: watch.life, time: watch.heard)
            watches[watch.life.id] = nil
        }
    }
}

extension Ring {
    mutating func observe(_ entry: RosterEntry, urgently: Bool) {
        if detector.watches[entry.id]?.life == entry.life {
            if !urgently { detector.watches[entry.id]?.isUrgent = false }
            return
        }
        var watch = Watch(life: entry.life, endpoint: entry.peerEndpoint, since: now, isUrgent: urgently)
        if let heard = detector.lastHeard[entry.id], heard.life == entry.life { watch.heard = heard.time }
        detector.watches[entry.id] = watch
        if urgently { tickSoon() }
    }

    /// Shows its observers that this server lives, probes who is silent, suspects who is silent for too long.
    mutating func tick() {
        if now - detector.tickDue > configuration.tickGap { voidMisses() }
        endUrgency()
        sendHeartbeats()
        measure()
        var silent: [ServerLife] = []
        for index in detector.watches.all.indices where probeIfDue(index) {
            silent.append(detector.watches.all[index].life)
        }
        for life in detector.inquiries.keys.sorted() { probeForInquiry(life) }
        for life in silent { suspect(life, .silent) }
        pingDeadIfDue()
        setTick(at: now + nextInterval)
    }

    private var nextInterval: Duration {
        let isFast = !detector.inquiries.isEmpty || detector.watches.all.contains { $0.isUrgent || $0.unanswered > 0 }
        return isFast ? configuration.fastProbeInterval : configuration.probeInterval
    }

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
        detector.lastSign = now
        detector.watches.update { watch in
            watch.since = now
            watch.unanswered = 0
        }
        for life in detector.inquiries.keys.sorted() {
            detector.inquiries[life] = nil
            cancelTimer(.inquiry(life))
        }
    }

    private mutating func endUrgency() {
        guard detector.suspicions.isEmpty, now >= detector.urgentUntil else { return }
        detector.keepWatches { !$0.isUrgent }
    }

    /// A tick that is a hair early must not wait for the next one.
    private func isDue(_ interval: Duration, since time: MonotonicTime) -> Bool {
        now - time >= interval - .milliseconds(5)
    }

    /// Nobody has to ask a server that shows itself: so quiet costs two datagrams each way in 200 ms, and not four.
    ///
    /// Who hears nobody does not show itself: to no use lives a server that nothing reaches. It is asked then, and if
    /// it is deaf indeed, cannot answer.
    private mutating func sendHeartbeats() {
        guard isDue(configuration.probeInterval, since: detector.lastHeartbeat),
            now - detector.lastSign < configuration.silenceLimit
        else { return }
        detector.lastHeartbeat = now
        detector.round &+= 1
        let isEven = detector.round.isMultiple(of: 2)
        for observer in detector.observers {
            let beat = Probe(
                kind: .heartbeat, from: own.life, to: observer.life, sequence: detector.round, digest: roster.digest,
                epoch: isEven ? epoch : .none, token: isEven ? .none : token)
            effects.append(.sendProbe(beat, to: observer.peerEndpoint))
        }
    }

    /// - Returns: whether the server has been silent for too long.
    private mutating func probeIfDue(_ index: Int) -> Bool {
        var watch = detector.watches.all[index]
        let silence = watch.silence(at: now)
        // What nobody missed needs no question: the heartbeats come by themselves.
        if silence < configuration.heartbeatLimit, now >= detector.urgentUntil, watch.unanswered == 0 { return false }
        let limit = watch.isUrgent ? urgentSilenceWait : configuration.silenceLimit
        // Three probes at least: time alone is no proof when none was sent.
        if silence >= limit, watch.unanswered >= 3, detector.suspicions[watch.life] == nil { return true }
        if isDue(configuration.fastProbeInterval, since: watch.lastProbe) {
            watch.lastProbe = now
            watch.unanswered += 1
            detector.watches[watch.life.id] = watch
            sendProbe(.ping, to: watch.life, at: watch.endpoint)
        }
        return false
    }

    mutating func sendProbe(_ kind: Probe.Kind, to life: ServerLife, at endpoint: Endpoint, sequence: UInt32? = nil) {
        if sequence == nil {
            detector.sequence &+= 1
            trips.pings[detector.sequence] = (life, now)
        }
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
        // What was meant for an earlier process of this server may have been recorded then and be played now: it proves
        // nothing of its sender, who learns from the answer whom it has to mean.
        guard probe.to.incarnation >= firstIncarnation else { return }
        if probe.kind == .acknowledgement { trips.answered(probe.sequence, by: probe.from, at: now) }
        epoch = max(epoch, probe.epoch)
        note(probe.token)
        heard(probe.from, at: endpoint)
        compare(probe.digest, of: probe.from)
    }

    /// A sign of life, by whatever way.
    mutating func heard(_ life: ServerLife, at endpoint: Endpoint? = nil) {
        guard life.id != id else { return }
        detector.lastSign = now
        // Whoever is watched is in the roster, present and in this life.
        if !detector.watches.hear(life, at: now) {
            guard let entry = roster[life.id], entry.life == life, entry.isPresent else {
                return meet(life, at: endpoint)
            }
            detector.lastHeard[life.id] = FailureDetector.Heard(life: life, time: now)
        }
        if !detector.suspicions.isEmpty, detector.suspicions[life] != nil { clear(life) }
        if !detector.inquiries.isEmpty, detector.inquiries[life] != nil { answerInquiry(life, heard: true) }
    }

    /// Signs of life that are too old to count are forgotten.
    mutating func forgetOldSigns() {
        guard !detector.lastHeard.isEmpty else { return }
        let time = now - configuration.recentlyHeard * 2
        detector.lastHeard = detector.lastHeard.filter { $0.value.time >= time }
    }
}
