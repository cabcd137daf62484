package import Crypto
package import Model

/// Who a registry is, and how its zone looks to the world.
package struct RegistryIdentity: Hashable, Sendable, Codable {
    package var life: ServerLife
    package var address: HostAddress
    package var peerPort: UInt16
    package var dnsPort: UInt16
    package var httpPort: UInt16

    package init(life: ServerLife, address: HostAddress, peerPort: UInt16, dnsPort: UInt16, httpPort: UInt16) {
        self.life = life
        self.address = address
        self.peerPort = peerPort
        self.dnsPort = dnsPort
        self.httpPort = httpPort
    }

    package var peer: Endpoint { Endpoint(address, peerPort) }
    package var dns: Endpoint { Endpoint(address, dnsPort) }
}

/// The registry: who is there, by leases, and the DNS zone that follows from them (the spec, §3).
///
/// A value without clock, sockets or randomness of its own: its shell hands it events and queries with the time and
/// carries out the effects. It counts on ring members (they have the cluster key) but not on their being right: whoever
/// is accused gets asked itself. Registries are equal: each gives leases, and tells the others (`RegistryExchange`).
package struct Registry: Sendable {
    /// How long a lease holds.
    package static let lease: Duration = .seconds(10)
    /// When to renew one; also how long a registry that starts empty says that it does not know.
    package static let renewal: Duration = .seconds(3)
    /// When a server that is still starting is to renew: it is listed, and a registry full again, as soon as it is
    /// ready.
    package static let startingRenewal: Duration = .milliseconds(250)
    /// How long a removal is remembered.
    package static let removalMemory: Duration = .seconds(60)
    /// How long the last servers of a role are served stale (RFC 8767 §5 allows more).
    package static let staleLimit: Duration = .seconds(3600)
    /// How long a server has to answer when the ring accuses it.
    package static let accusedPatience: Duration = .milliseconds(100)
    /// How long a server has to answer when its lease ran out.
    package static let expiredPatience: Duration = .milliseconds(500)
    /// Leases and removals together.
    package static let maximumEntries = 20_000
    /// Contacts in one answer to a server that looks for its ring, and to one that renews.
    package static let maximumContacts = 64
    static let renewalContacts = 2
    /// Seconds that an answer may be kept.
    package static let ttl: UInt32 = 5
    /// Seconds that a negative answer may be kept: one, so that a server that starts is found soon (RFC 2308 §5).
    package static let negativeTTL: UInt32 = 1

    package let identity: RegistryIdentity
    /// The names that it answers for.
    package let zone: Zone

    var entries: [ServerID: RegistryEntry] = [:]
    /// The keys of `entries` in order, so that nothing depends on a dictionary's order.
    var order: [ServerID] = []
    /// Who is listed at which peer port, in the order of their ids: mostly one, so that a newcomer's address is looked
    /// up and not looked for.
    var holders: [Endpoint: [ServerID]] = [:]
    /// The leases by role, lapsed ones left out; kept with every entry, so that a renewal costs the same at any size.
    var counted = RoleCounts()
    var generator: SeededGenerator
    var lastCheck: UInt64 = 0
    var checks: [UInt64: ServerID] = [:]
    /// The roles that have had nobody in good standing since a server of theirs lapsed.
    var lapsed: Set<Role> = []
    /// No entry needs attention before this time.
    var nextSweep: MonotonicTime = .distantFuture
    var timer: MonotonicTime = .distantFuture
    var latest: MonotonicTime
    /// Until when this registry, which started empty, may still be missing servers.
    var fillsUntil: MonotonicTime
    var filled = false
    /// Whether the leases have once been as many as the rings they speak of: then only empty answers wait for
    /// `fillsUntil`.
    var consistent = false
    /// Grows with every change of the zone.
    package var serial: UInt32
    var changed = false
    var answers = AnswerCache()
    private(set) var tsigKeys: TSIGKeys
    var signedUpdates: SignedUpdates
    /// The other registries.
    var peers = PeerRegistries()
    var digest = MapDigest()
    /// What this registry has found out and not yet told the others.
    var news: Set<ServerID> = []
    /// The leases that were only renewed: told with the next digest.
    var renewals: Set<ServerID> = []
    /// Whose entries are being taken over.
    var teller: ServerID?

    /// - Parameters:
    ///   - registries: peer ports of other registries, perhaps one's own among them.
    ///   - keys: what signed queries and updates may be signed with; without any, every signature is wrong.
    ///   - wallSeconds: the time by the wall clock, since 1970: what was signed before is not carried out.
    ///   - serial: the zone's first serial; seconds since 1970 make it grow over restarts.
    ///   - seed: for the order of addresses in answers.
    package init(
        identity: RegistryIdentity, zone: Zone, registries: [Endpoint] = [], keys: [ClusterKey] = [],
        wallSeconds: UInt64 = 0, serial: UInt32, seed: UInt64, now: MonotonicTime
    ) {
        tsigKeys = TSIGKeys(secrets: keys.map(\.tsigSecret))
        signedUpdates = SignedUpdates(started: wallSeconds)
        self.identity = identity
        self.zone = zone
        self.serial = serial
        generator = SeededGenerator(seed: seed)
        latest = now
        fillsUntil = now + Self.renewal
        nextSweep = fillsUntil
        for registry in registries { seek(registry, until: .distantFuture, at: now) }
    }

    /// Takes other keys, any of which signs queries and updates from now on.
    package mutating func use(_ keys: [ClusterKey]) { tsigKeys = TSIGKeys(secrets: keys.map(\.tsigSecret)) }

    /// Takes one event and appends what is to be done about it.
    package mutating func handle(_ event: RegistryEvent, at time: MonotonicTime, into effects: inout [RegistryEffect]) {
        let now = advance(to: time, into: &effects)
        switch event {
        case .leaseRequested(let request, let source):
            let answer = lease(request, from: source, at: now, into: &effects)
            effects.append(.answerLease(answer))
            for hint in request.registries ?? [] { seek(hint, until: now + Self.hintMemory, at: now) }
        case .leaseReleased(let life): release(life, at: now, into: &effects)
        case .deathReported(let report):
            passOn(report, at: now, into: &effects)
            accuse(report, at: now, into: &effects)
        case .checkAnswered(let number, let life):
            checked(number, by: life, at: now, into: &effects)
            peerChecked(number, by: life, at: now, into: &effects)
        case .checkFailed(let number):
            checked(number, by: nil, at: now, into: &effects)
            peerChecked(number, by: nil, at: now, into: &effects)
        case .messageReceived(let message): received(message, at: now, into: &effects)
        case .linkClosed(let life): linkClosed(life, at: now, into: &effects)
        case .stopRequested: tellAll(.farewell, at: now, into: &effects)
        case .timerFired: timer = .distantFuture
        }
        settle(into: &effects)
    }

    /// Brings the map up to the time, so that no answer speaks of leases that have run out; a clock that goes back
    /// stands still.
    mutating func advance(to time: MonotonicTime, into effects: inout [RegistryEffect]) -> MonotonicTime {
        latest = max(latest, time)
        if latest >= nextSweep { sweep(at: latest, into: &effects) }
        if latest >= peers.attention { attendPeers(at: latest, into: &effects) }
        return latest
    }

    /// Whether `settle` has something to do.
    var isUnsettled: Bool { changed || !news.isEmpty || min(nextSweep, peers.attention) < timer }

    /// What every call ends with: the timer, the new serial of a changed zone, and what the others have to know now.
    mutating func settle(into effects: inout [RegistryEffect]) {
        if !news.isEmpty { tellNews(at: latest, into: &effects) }
        if changed {
            changed = false
            serial &+= 1
            answers.clear()
            effects.append(.noteChanged(serial: serial))
        }
        let attention = min(nextSweep, peers.attention)
        if attention < timer {
            timer = attention
            effects.append(.setTimer(attention))
        }
    }
}

extension Registry {
    /// Stores an entry and keeps the order and the next sweep right.
    mutating func store(_ changed: RegistryEntry) {
        var entry = changed
        if let old = entries[entry.life.id] { keepUpdates(in: &entry, after: old) }
        let old = entries.updateValue(entry, forKey: entry.life.id)
        note(entry, after: old)
        if old == nil { order.insert(entry.life.id, at: place(of: entry.life.id)) }
        moved(entry.life.id, from: old?.record?.peer, to: entry.record?.peer)
        if let role = old?.countedRole { counted[role] -= 1 }
        if let role = entry.countedRole { counted[role] += 1 }
        nextSweep = min(nextSweep, entry.attention)
    }

    mutating func forget(_ id: ServerID) {
        guard let old = entries.removeValue(forKey: id) else { return }
        digest.replace(old.version, by: nil)
        moved(id, from: old.record?.peer, to: nil)
        if let role = old.countedRole { counted[role] -= 1 }
        order.remove(at: place(of: id))
    }

    private mutating func moved(_ id: ServerID, from old: Endpoint?, to new: Endpoint?) {
        guard old != new else { return }
        if let old, var there = holders[old] {
            there.removeAll { $0 == id }
            holders[old] = there.isEmpty ? nil : there
        }
        if let new { holders[new] = ((holders[new] ?? []) + [id]).sorted() }
    }

    private func place(of id: ServerID) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Looks after every entry whose time has come: leases that ran out, checks without an answer, old memories.
    mutating func sweep(at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        nextSweep = .distantFuture
        if !filled, now >= fillsUntil {
            filled = true
            changed = true
        }
        if !filled { nextSweep = fillsUntil }
        for id in order {
            guard let entry = entries[id] else { continue }
            if entry.attention <= now {
                attend(entry, at: now, into: &effects)
            } else {
                nextSweep = min(nextSweep, entry.attention)
            }
        }
    }

    private mutating func attend(_ entry: RegistryEntry, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        if let check = entry.check {
            checked(check.number, by: nil, at: now, into: &effects)
        } else if entry.record == nil {
            forget(entry.life.id)
        } else if entry.standing == .lapsed {
            remove(entry, .staleTooLong, at: now, into: &effects)
        } else {
            check(entry, .expired, within: Self.expiredPatience, at: now, into: &effects)
        }
    }
}
