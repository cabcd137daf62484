internal import Model

extension Registry {
    /// Grants, renews or refuses a lease.
    mutating func lease(
        _ asked: LeaseRequest, from source: HostAddress, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) -> LeaseAnswer {
        var request = asked
        if request.address == .any { request.address = source }
        let known = entries[request.life.id]
        if let refusal = refusal(request, known, at: now, into: &effects) { return refusal }
        let others = counts(without: request.life.id)
        let role = role(for: request, known, others)
        grant(request, role, known, at: now, into: &effects)
        let renewal = request.state == .starting ? Self.startingRenewal : Self.renewal
        let limit = request.ringSize == nil ? Self.maximumContacts : Self.renewalContacts
        return LeaseAnswer(
            outcome: .granted, role: role, counts: others, leaseMs: Self.lease.milliseconds,
            renewMs: renewal.milliseconds, contacts: contacts(for: request.life.id, atMost: limit),
            registries: news(for: request))
    }

    /// The live registries, where they are others than the asker was told.
    private func news(for request: LeaseRequest) -> [RegistryIdentity]? {
        let live = liveRegistries
        return request.told == RegistryIdentity.mark(of: live) ? nil : live
    }

    private mutating func refusal(
        _ request: LeaseRequest, _ known: RegistryEntry?, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) -> LeaseAnswer? {
        if request.life.id == identity.life.id { return LeaseAnswer(outcome: .conflict) }
        guard let known else { return entries.count < Self.maximumEntries ? nil : LeaseAnswer(outcome: .full) }
        if request.life.incarnation > known.life.incarnation { return nil }
        guard request.life == known.life, let record = known.record else {
            let last = known.life.incarnation
            return LeaseAnswer(
                outcome: .dead, least: last.value < .max ? last.next : last, holder: known.record?.peer)
        }
        if record.peer == Endpoint(request.address, request.peerPort) { return nil }
        check(known, .contested(by: request.life), within: Self.accusedPatience, at: now, into: &effects)
        return LeaseAnswer(outcome: .conflict, holder: record.peer)
    }

    /// What the server holds goes first, then what this life was told before (its answer may have been lost), its
    /// operator's wish and its memory: a role changes through the ring, never because a registry counts differently.
    private func role(for request: LeaseRequest, _ known: RegistryEntry?, _ others: RoleCounts) -> Role {
        if let held = request.held { return held }
        if let known, known.life == request.life, let record = known.record { return record.role }
        return request.wanted ?? request.remembered ?? others.short
    }

    private mutating func grant(
        _ request: LeaseRequest, _ role: Role, _ known: RegistryEntry?, at now: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) {
        let (record, sequence) = record(request, role, known)
        var entry = RegistryEntry(
            life: request.life, content: .lease(record), end: now + Self.lease, renewed: now,
            ringSize: request.ringSize, sequence: sequence)
        if let known, known.life == request.life {
            entry.term = known.term
            // A check that is under way decides by itself: a renewal may have been under way longer than the server
            // lived.
            entry.check = known.check
            entry.standing = known.check == nil ? .good : known.standing
            let isAlone = (known.ringSize == 1, entry.ringSize == 1)
            if known.record != record || known.standing != entry.standing || isAlone.0 != isAlone.1 { changed = true }
        } else {
            if let known { supersede(known, into: &effects) }
            changed = true
            effects.append(.noteGranted(request.life, role))
        }
        store(entry)
        if known?.record?.peer != record.peer { contest(record.peer, by: request.life, at: now, into: &effects) }
        if entry.standing == .good { shortenLapsed(of: role, at: now) }
        noticeFill()
    }

    /// What the lease is to say. A request that was overtaken by a later one of the same life renews, and changes
    /// nothing.
    private func record(
        _ request: LeaseRequest, _ role: Role, _ known: RegistryEntry?
    ) -> (LeaseRecord, sequence: UInt64) {
        let record = LeaseRecord(
            role: role, state: request.state, address: request.address, peerPort: request.peerPort,
            httpPort: request.httpPort, publicHTTP: request.publicHTTP.flatMap(Self.printable), pinned: request.pinned)
        guard let known, known.life == request.life, let last = known.record else {
            return (record, request.sequence ?? 0)
        }
        guard let sequence = request.sequence else { return (record, known.sequence + (record == last ? 0 : 1)) }
        return sequence < known.sequence ? (last, known.sequence) : (record, sequence)
    }

    mutating func supersede(_ old: RegistryEntry, into effects: inout [RegistryEffect]) {
        if let check = old.check { checks[check.number] = nil }
        if old.record != nil { effects.append(.noteRemoved(old.life, .superseded)) }
    }

    /// Two servers cannot answer at one address: whoever held it before is asked.
    private mutating func contest(
        _ peer: Endpoint, by newcomer: ServerLife, at now: MonotonicTime, into effects: inout [RegistryEffect]
    ) {
        // Names that came by an update without a port share none.
        guard peer.port != 0 else { return }
        for id in holders[peer] ?? [] where id != newcomer.id {
            guard let entry = entries[id] else { continue }
            check(entry, .contested(by: newcomer), within: Self.accusedPatience, at: now, into: &effects)
        }
    }

    /// A registry that started empty is full again when it has as many leases as the largest ring that they speak of.
    mutating func noticeFill() {
        guard !filled else { return }
        let leased = order.compactMap { entries[$0] }.filter { $0.record != nil && $0.standing != .lapsed }
        guard let largest = leased.compactMap(\.ringSize).max(), leased.count >= largest else { return }
        if !consistent { changed = true }
        consistent = true
    }

    mutating func release(_ life: ServerLife, at now: MonotonicTime, into effects: inout [RegistryEffect]) {
        guard let entry = entries[life.id], entry.life == life, entry.record != nil else { return }
        remove(entry, .left, at: now, into: &effects)
    }

    /// The leases but one's own.
    func counts(without asker: ServerID) -> RoleCounts {
        var counts = counted
        if let role = entries[asker]?.countedRole { counts[role] -= 1 }
        return counts
    }

    /// Live servers in random order: all of them, or a random sample of many.
    private mutating func contacts(for asker: ServerID, atMost limit: Int) -> [LeaseContact] {
        var picked: [ServerID]
        if order.count <= limit {
            picked = order
        } else {
            picked = []
            // Some tries meet the asker, the memory of a removal, or whom an earlier one met.
            for _ in 0..<4 * limit where picked.count < limit {
                guard let id = order.randomElement(using: &generator), id != asker, entries[id]?.record != nil,
                    !picked.contains(id)
                else { continue }
                picked.append(id)
            }
        }
        picked.shuffle(using: &generator)
        let found = picked.compactMap { entries[$0] }.filter { $0.life.id != asker && ($0.record?.peerPort ?? 0) != 0 }
        let good = found.filter { $0.standing == .good }
        return (good + found.filter { $0.standing != .good }).compactMap { entry in
            entry.record.map { LeaseContact(life: entry.life, role: $0.role, peer: $0.peer) }
        }
    }

    /// A text for the zone: printable ASCII of at most 200 characters, else nothing.
    private static func printable(_ text: String) -> String? {
        text.utf8.count <= 200 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
    }
}
