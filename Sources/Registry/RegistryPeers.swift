internal import Model

// Which other registries there are: by the same rules as servers, a lease that every message renews, and a question
// before one is given up.
extension Registry {
    /// How often registries tell each other what their map is.
    static let round: Duration = .milliseconds(500)
    /// How often a registry that does not answer is tried: so soon one that has just come back is found.
    static let retry: Duration = .seconds(1)
    static let slowRetry: Duration = .seconds(5)
    /// How long a lost registry is tried at the quick pace, and how long at all.
    static let quickTrial: Duration = .seconds(600)
    static let peerMemory: Duration = .seconds(3600)
    /// How long a server's hint that there is a registry somewhere is followed.
    static let hintMemory: Duration = .seconds(60)
    /// What another registry heard of one that did not answer here must be so much later than the question.
    static let hearsayMargin: Duration = .seconds(1)

    /// Looks for a registry at a peer port, from now on.
    mutating func seek(_ endpoint: Endpoint, until: MonotonicTime, at now: MonotonicTime) {
        guard endpoint != identity.peer, endpoint.host != .any, endpoint.port != 0 else { return }
        if let known = peers.sought[endpoint] {
            peers.sought[endpoint]?.until = max(known.until, until)
        } else if peers.sought.count < PeerRegistries.maximum,
            !peers.known.values.contains(where: { $0.identity.peer == endpoint })
        {
            peers.sought[endpoint] = SoughtRegistry(until: until, nextTry: now)
            peers.roundIsDue(at: now)
        }
    }

    /// Ends questions that are over, asks those who have been silent for a lease, and tells everybody the digest.
    mutating func attendPeers(at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        for id in peers.order {
            guard let peer = peers.known[id], let check = peer.check, check.deadline <= now else { continue }
            peerChecked(check.number, by: nil, at: now, into: &effects)
        }
        if now >= peers.nextRound { tellDigests(at: now, into: &effects) }
        let deadlines = peers.known.values.compactMap(\.check?.deadline)
        peers.attention = deadlines.reduce(peers.nextRound) { min($0, $1) }
    }

    private mutating func tellDigests(at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        for id in peers.order {
            guard let peer = peers.known[id] else { continue }
            if peer.isLive, peer.check == nil, let seen = peer.seen, now - seen >= Self.lease {
                ask(peer, within: Self.expiredPatience, at: now, into: &effects)
            }
            if peer.isLive {
                tellRenewals(to: peer, at: now, into: &effects)
            } else {
                retry(peer, at: now, into: &effects)
            }
        }
        renewals = []
        for endpoint in peers.sought.keys.sorted(by: { ($0.host, $0.port) < ($1.host, $1.port) }) {
            knock(at: endpoint, at: now, into: &effects)
        }
        peers.nextRound = peers.known.isEmpty && peers.sought.isEmpty ? .distantFuture : now + Self.round
    }

    private mutating func retry(_ peer: PeerRegistry, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        guard now >= peer.nextTry else { return }
        let away = now - (peer.seen ?? now)
        if away >= Self.peerMemory {
            peers.known[peer.identity.life.id] = nil
            return
        }
        peers.known[peer.identity.life.id]?.nextTry = now + (away < Self.quickTrial ? Self.retry : Self.slowRetry)
        tellDigest(to: peer.identity.peer, at: now, into: &effects)
    }

    private mutating func knock(at endpoint: Endpoint, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        guard var place = peers.sought[endpoint], now >= place.nextTry else { return }
        if place.until <= now {
            peers.sought[endpoint] = nil
            return
        }
        if peers.known.values.contains(where: { $0.identity.peer == endpoint }) { return }
        place.tries += 1
        place.nextTry = now + (place.tries < 20 ? Self.round : Self.slowRetry)
        peers.sought[endpoint] = place
        tellDigest(to: endpoint, at: now, into: &effects)
    }
}

extension Registry {
    /// Takes a message as a sign of life.
    /// - Returns: how late it comes; nil where it is of an earlier life, or of one registry too many.
    mutating func hear(
        _ message: RegistryMessage, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) -> Duration? {
        let life = message.sender.life
        let known = peers.known[life.id]
        if let known, known.identity.life.incarnation > life.incarnation { return nil }
        guard known != nil || peers.known.count < PeerRegistries.maximum else { return nil }
        var peer = PeerRegistry(identity: message.sender, nextTry: now)
        if let known, known.identity.life == life { peer = known }
        let lateness = peer.clock.lateness(sentMs: message.sentMs, at: now)
        let heard = now - lateness
        peer.identity = message.sender
        peer.heard = [peer.heard, heard].compactMap { $0 }.max()
        peer.hears = Set(
            message.registries.filter { $0.heardMs < Self.renewal.milliseconds }.map(\.identity.life.id))
        peers.known[life.id] = peer
        peers.roundIsDue(at: peers.nextRound == .distantFuture ? now + Self.round : peers.nextRound)
        let isBack = peer.lost.map { heard > $0 } ?? true && peer.farewellMs.map { message.sentMs > $0 } ?? true
        if case .farewell = message.body { return lateness }
        if !peer.isLive || known?.identity.life != life, isBack {
            accept(life.id)
            effects.append(.noteRegistry(message.sender, isLive: true))
            tellDigest(to: message.sender.peer, isReply: true, at: now, into: &effects)
        }
        return lateness
    }

    /// Learns of a registry that another one hears.
    mutating func takeHearsay(
        _ hearsay: RegistryHearsay, lateness: Duration, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        let (life, heard) = (hearsay.identity.life, now - .milliseconds(hearsay.heardMs) - lateness)
        guard life.id != identity.life.id, hearsay.heardMs >= 0, now - heard < Self.lease else { return }
        let known = peers.known[life.id]
        if let known, known.identity.life == life {
            peers.known[life.id]?.heardElsewhere = [known.heardElsewhere, heard].compactMap { $0 }.max()
            guard !known.isLive, known.lost.map({ heard > $0 + Self.hearsayMargin }) ?? true else { return }
        } else {
            guard known.map({ $0.identity.life < life }) ?? (peers.known.count < PeerRegistries.maximum) else { return }
            peers.known[life.id] = PeerRegistry(
                identity: hearsay.identity, heardElsewhere: heard, nextTry: now)
            peers.roundIsDue(at: now)
        }
        accept(life.id)
        effects.append(.noteRegistry(hearsay.identity, isLive: true))
    }

    private mutating func accept(_ id: ServerID) {
        peers.known[id]?.isLive = true
        peers.known[id]?.lost = nil
        changed = true
    }

    /// A registry whose connections closed is asked at once.
    mutating func linkClosed(_ life: ServerLife, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        guard let peer = peers.known[life.id], peer.identity.life == life, peer.isLive, peer.check == nil else {
            return
        }
        ask(peer, within: Self.accusedPatience, at: now, into: &effects)
    }

    /// Meanwhile the zone does not list it.
    private mutating func ask(
        _ peer: PeerRegistry, within patience: Duration, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        lastCheck += 1
        peers.known[peer.identity.life.id]?.check = (lastCheck, now + patience)
        peers.attend(by: now + patience)
        changed = true
        effects.append(
            .check(number: lastCheck, life: peer.identity.life, peer: peer.identity.peer, deadline: now + patience))
    }

    /// Ends the question to another registry that has this number; nothing where there is none.
    mutating func peerChecked(
        _ number: UInt64, by life: ServerLife?, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        guard var peer = peers.known.values.first(where: { $0.check?.number == number }) else { return }
        peer.check = nil
        changed = true
        if life == peer.identity.life {
            peer.heard = now
        } else {
            peer.isLive = false
            peer.lost = now
            peer.nextTry = now + Self.retry
            effects.append(.noteRegistry(peer.identity, isLive: false))
        }
        peers.known[peer.identity.life.id] = peer
    }

    /// Takes the word of a registry that stops.
    mutating func dismiss(_ message: RegistryMessage, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        let life = message.sender.life
        guard var peer = peers.known[life.id], peer.identity.life == life else { return }
        peer.farewellMs = message.sentMs
        if peer.isLive { effects.append(.noteRegistry(peer.identity, isLive: false)) }
        (peer.isLive, peer.lost, peer.check, peer.nextTry) = (false, now, nil, now + Self.retry)
        peers.known[life.id] = peer
        changed = true
    }
}
