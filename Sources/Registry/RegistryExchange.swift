internal import Model

// How registries come to have one map. What one of them finds out it tells the others at once; twice a second they
// compare digests, and where these differ, versions, and exchange what either side lacks. Whatever is lost, comes twice
// or late, or is said on two sides of a split, they end with the same entries: see `EntryVersion`.
extension Registry {
    /// Entries in one message.
    static let maximumTold = 1_000
    /// Versions in one message: the rest of the buckets waits for the next digest.
    static let maximumVersions = 5_000

    /// Keeps the digest, and what the others have to be told.
    mutating func note(_ entry: RegistryEntry, after old: RegistryEntry?) {
        let (before, after) = (old?.version, entry.version)
        digest.replace(before, by: after)
        if before != after {
            if teller == nil { news.insert(entry.life.id) }
        } else if let old, entry.record != nil, entry.renewed > old.renewed {
            renewals.insert(entry.life.id)
        }
    }

    /// Takes what another registry says.
    mutating func received(
        _ message: RegistryMessage, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        guard message.sender.life.id != identity.life.id, let lateness = hear(message, at: now, into: &effects) else {
            return
        }
        for one in message.registries { takeHearsay(one, lateness: lateness, at: now, into: &effects) }
        switch message.body {
        case .digest(let buckets, let renewed, let isReply):
            take(renewed, of: message.sender, lateness, at: now, into: &effects)
            compare(buckets, of: message, isReply, at: now, into: &effects)
        case .versions(let versions, let buckets):
            settleDifferences(versions, in: Set(buckets), of: message, at: now, into: &effects)
        case .entries(let entries, let wanted):
            take(entries, of: message.sender, lateness, at: now, into: &effects)
            tell(wanted.compactMap { self.entries[$0] }, to: message.sender.peer, at: now, into: &effects)
            // An empty registry goes on until it has seen that it lacks nothing.
            if !filled, !entries.isEmpty { tellDigest(to: message.sender.peer, at: now, into: &effects) }
        case .report(let report): accuse(report, at: now, into: &effects)
        case .farewell: dismiss(message, at: now, into: &effects)
        }
    }

    private mutating func compare(
        _ buckets: [UInt64], of message: RegistryMessage, _ isReply: Bool, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        guard buckets.count == MapDigest.size else { return }
        let peer = message.sender.peer
        var differing: [Int] = []
        var versions: [EntryVersion] = []
        for bucket in digest.differences(from: buckets) where versions.count < Self.maximumVersions {
            differing.append(bucket)
            versions += order.filter { MapDigest.bucket(of: $0) == bucket }.compactMap { entries[$0]?.version }
        }
        if !differing.isEmpty {
            send(.versions(versions, buckets: differing), to: peer, at: now, into: &effects)
            return
        }
        lackNothing(of: message, at: now)
        if knowsServers, !isReply, !message.isFilled {
            tellDigest(to: peer, isReply: true, at: now, into: &effects)
        }
    }

    private mutating func settleDifferences(
        _ versions: [EntryVersion], in buckets: Set<Int>, of message: RegistryMessage, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        let theirs = Dictionary(versions.map { ($0.life.id, $0) }) { max($0, $1) }
        let wanted = theirs.values.filter { version in
            version.life.id != identity.life.id && entries[version.life.id].map { $0.version < version } ?? true
        }
        if wanted.isEmpty { lackNothing(of: message, at: now) }
        let lacking = order.filter { buckets.contains(MapDigest.bucket(of: $0)) }.compactMap { entries[$0] }
            .filter { entry in theirs[entry.life.id].map { $0 < entry.version } ?? true }
        tell(lacking, wanting: wanted.map(\.life.id).sorted(), to: message.sender.peer, at: now, into: &effects)
    }

    /// A registry that has all that another one has knows as much about who is there.
    private mutating func lackNothing(of message: RegistryMessage, at now: MonotonicTime) {
        guard !filled else { return }
        if message.isFilled {
            filled = true
            fillsUntil = min(fillsUntil, now)
            changed = true
        } else if message.isConsistent == true, !consistent {
            consistent = true
            changed = true
        }
    }
}

// Telling.
extension Registry {
    private func send(
        _ body: RegistryMessage.Body, to endpoint: Endpoint, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        let registries = peers.live.compactMap { peer -> RegistryHearsay? in
            guard peer.check == nil, let heard = peer.heard, now - heard < Self.lease else { return nil }
            return RegistryHearsay(identity: peer.identity, heardMs: (now - heard).milliseconds)
        }
        let message = RegistryMessage(
            sender: identity, sentMs: now.nanoseconds / 1_000_000, isFilled: filled, isConsistent: consistent,
            registries: registries, body: body)
        effects.append(.send(message, to: endpoint))
    }

    func tellAll(_ body: RegistryMessage.Body, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        for peer in peers.live { send(body, to: peer.identity.peer, at: now, into: &effects) }
    }

    func tellDigest(
        to endpoint: Endpoint, renewed: [ToldEntry] = [], isReply: Bool = false, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        send(.digest(digest.buckets, renewed: renewed, isReply: isReply), to: endpoint, at: now, into: &effects)
    }

    /// Tells with the digest which leases were renewed here, and at registries that the other one does not hear.
    func tellRenewals(to peer: PeerRegistry, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        let renewed = renewals.sorted().compactMap { entries[$0] }.filter { entry in
            guard let source = entry.source else { return true }
            return source != peer.identity.life.id && !peer.hears.contains(source)
        }
        tell(Array(renewed.dropFirst(Self.maximumTold)), to: peer.identity.peer, at: now, into: &effects)
        let first = renewed.prefix(Self.maximumTold).map { ToldEntry($0, at: now) }
        tellDigest(to: peer.identity.peer, renewed: first, at: now, into: &effects)
    }

    /// Tells entries, in as many messages as they need.
    private func tell(
        _ entries: [RegistryEntry], wanting wanted: [ServerID] = [], to endpoint: Endpoint, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        var (rest, wanted) = (entries[...], wanted)
        while !rest.isEmpty || !wanted.isEmpty {
            let told = rest.prefix(Self.maximumTold).map { ToldEntry($0, at: now) }
            send(.entries(told, wanted: wanted), to: endpoint, at: now, into: &effects)
            rest = rest.dropFirst(Self.maximumTold)
            wanted = []
        }
    }

    /// Tells all registries what this one has found out since the last time.
    mutating func tellNews(at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        let changed = news.sorted().compactMap { entries[$0] }
        news = []
        for peer in peers.live { tell(changed, to: peer.identity.peer, at: now, into: &effects) }
    }

    /// Tells of a death the registry where the accused renews its lease.
    func passOn(_ report: DeathReport, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        guard let source = entries[report.accused.id]?.source, let peer = peers.known[source], peer.isLive else {
            return
        }
        send(.report(report), to: peer.identity.peer, at: now, into: &effects)
    }
}
