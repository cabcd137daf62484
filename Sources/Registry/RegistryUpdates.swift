internal import Model

/// How an update ended: the code of its answer, and what the metrics say.
private struct UpdateResult {
    var code: ResponseCode
    var outcome: UpdateOutcome

    init(_ code: ResponseCode, _ outcome: UpdateOutcome) {
        self.code = code
        self.outcome = outcome
    }
}

extension Registry {
    /// Carries out a dynamic update (RFC 2136) whose signature is right, at most once, and answers it.
    mutating func update(
        _ packet: [UInt8], _ query: ReceivedQuery, _ signature: TSIG, _ arrival: DNSArrival, _ signed: ReplyWriter,
        into effects: inout [RegistryEffect]
    ) -> DNSOutcome {
        var reply = signed
        let message = try? UpdateMessage(packet, query)
        let id = message.flatMap(server(meantBy:))
        if let result = earlierResult(of: signature, for: id, arrival) {
            effects.append(.noteUpdate(result.outcome))
            if result.outcome == .overtaken { reply.tellTime(signature, arrival.wallSeconds) }
            return reply.finished(result.code)
        }
        let result = carryOut(message, query.question, arrival, into: &effects)
        signedUpdates.remember(
            signature, .init(source: arrival.source, transport: arrival.transport, code: result.code),
            at: arrival.wallSeconds)
        if result.code == .noError, let id { noteCarriedOut(signature, for: id) }
        effects.append(.noteUpdate(result.outcome))
        settle(into: &effects)
        return reply.finished(result.code)
    }

    /// What becomes of an update that is not to be carried out, because it or a later one has been.
    private func earlierResult(of signature: TSIG, for id: ServerID?, _ arrival: DNSArrival) -> UpdateResult? {
        if let seen = signedUpdates.answer(to: signature) {
            let isRepeated = arrival.transport == .udp && seen.transport == .udp && seen.source == arrival.source
            return isRepeated ? UpdateResult(seen.code, .repeated) : UpdateResult(.refused, .replayed)
        }
        let carriedOut = id.flatMap { entries[$0]?.updates }
        // Another registry did so, and its answer may have been lost.
        if let carriedOut, carriedOut.contains(signature) { return UpdateResult(.noError, .repeated) }
        let isOvertaken = signature.time < signedUpdates.floor || carriedOut?.overtakes(signature) == true
        return isOvertaken ? UpdateResult(.notAuthoritative, .overtaken) : nil
    }

    /// The server whose lease an update is about; nil where it is about anything else.
    private func server(meantBy message: UpdateMessage) -> ServerID? {
        guard let first = message.updates.first, case .server(let id) = zone.node(at: first.name) else { return nil }
        return id
    }

    /// The order of RFC 2136 §3: zone, prerequisites, the update's form, and then all of it or nothing.
    private mutating func carryOut(
        _ message: UpdateMessage?, _ zoneSection: DNSQuestion, _ arrival: DNSArrival,
        into effects: inout [RegistryEffect]
    ) -> UpdateResult {
        guard let message, zoneSection.type == .soa else { return UpdateResult(.formatError, .malformed) }
        guard zoneSection.name == zone.apex, zoneSection.recordClass == .internet else {
            return UpdateResult(.notAuthoritative, .foreignZone)
        }
        if let code = message.prerequisiteFault(in: zone.apex) {
            return UpdateResult(code, code == .notZone ? .foreignZone : .malformed)
        }
        guard let unmet = unmet(message.prerequisites) else { return UpdateResult(.serverFailure, .notReady) }
        if unmet != .noError { return UpdateResult(unmet, .prerequisite) }
        if let code = message.updateFault(in: zone.apex) {
            return UpdateResult(code, code == .notZone ? .foreignZone : .malformed)
        }
        guard let first = message.updates.first else { return UpdateResult(.noError, .accepted) }
        guard message.updates.allSatisfy({ $0.name == first.name }), case .server(let id) = zone.node(at: first.name),
            id != identity.life.id, let draft = LeaseDraft(message.updates, on: server(id))
        else { return UpdateResult(.refused, .forbidden) }
        return change(id, draft, arrival, into: &effects)
    }

    /// Gives, renews or takes the lease that a draft describes.
    private mutating func change(
        _ id: ServerID, _ draft: LeaseDraft, _ arrival: DNSArrival, into effects: inout [RegistryEffect]
    ) -> UpdateResult {
        guard let address = draft.address else {
            if draft.addsText { return UpdateResult(.refused, .forbidden) }
            return takeBack(id, into: &effects)
        }
        guard let text = draft.text, let life = life(of: id, text, Endpoint(address, text.peerPort)) else {
            return UpdateResult(.refused, .forbidden)
        }
        let request = LeaseRequest(
            life: life, held: text.role, address: address, peerPort: text.peerPort, httpPort: text.httpPort,
            publicHTTP: text.publicHTTP, state: text.state)
        switch lease(request, from: arrival.source.host, at: latest, into: &effects).outcome {
        case .granted: return UpdateResult(.noError, .accepted)
        case .dead, .conflict: return UpdateResult(.refused, .forbidden)
        case .full: return UpdateResult(.serverFailure, .notReady)
        }
    }

    /// Takes a lease. That there was none is remembered too: the same update may not take what comes later.
    private mutating func takeBack(_ id: ServerID, into effects: inout [RegistryEffect]) -> UpdateResult {
        if let entry = entries[id] {
            release(entry.life, at: latest, into: &effects)
        } else {
            guard entries.count < Self.maximumEntries else { return UpdateResult(.serverFailure, .notReady) }
            bury(ServerLife(id: id, incarnation: Incarnation(0)), 0, .left, at: latest)
        }
        return UpdateResult(.noError, .accepted)
    }

    /// The life that an update means: the one it names; else the one that holds the lease, its successor where that is
    /// over or lives elsewhere, the first where there has been none.
    private func life(of id: ServerID, _ text: LeaseText, _ peer: Endpoint) -> ServerLife? {
        if let incarnation = text.incarnation { return ServerLife(id: id, incarnation: incarnation) }
        guard let entry = entries[id] else { return ServerLife(id: id, incarnation: Incarnation(1)) }
        if let record = entry.record, record.peer == peer { return entry.life }
        guard entry.life.incarnation.value < .max else { return nil }
        return ServerLife(id: id, incarnation: entry.life.incarnation.next)
    }
}

/// A server's records while an update changes them (RFC 2136 §3.4.2).
///
/// A server has one address and one text: adding one replaces the one that is there, as with CNAME and SOA.
private struct LeaseDraft {
    var address: HostAddress?
    var text: LeaseText?
    var addsText = false

    /// Nil where a record is none of a server's, or says what no lease says.
    init?(_ updates: [UpdateRecord], on server: ZoneServer?) {
        address = server?.address
        text = server.flatMap { LeaseText($0) }
        let strings = server.map { $0.texts.map { Array($0.utf8) } }
        for record in updates {
            switch (record.recordClass, record.type, record.data) {
            case (.internet, .a, .address(let address)): self.address = address
            case (.internet, .txt, .text(let strings)):
                guard let text = LeaseText(strings) else { return nil }
                self.text = text
                addsText = true
            case (.any, .any, _): (address, text, addsText) = (nil, nil, false)
            case (.any, .a, _): address = nil
            case (.any, .txt, _): (text, addsText) = (nil, false)
            case (.none, .a, .address(let gone)): if address == gone { address = nil }
            case (.none, .txt, .text(let gone)): if !addsText, strings == gone { text = nil }
            default: return nil
            }
        }
        if address == .any { return nil }
    }
}
