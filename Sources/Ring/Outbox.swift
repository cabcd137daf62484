import Model

/// Messages on their way whose end matters to the machine.
struct Outbox: Sendable {
    /// What is to happen when a message is acknowledged or lost.
    enum Purpose: Sendable {
        case join(Ring.Contact)
        /// A death that others tell of, passed to the accused: lost means that it is true.
        case contest(RosterEntry, since: MonotonicTime)
        case hop(Alert, to: ServerLife)
        /// - `tried`: who did not take it.
        case token(TokenMark, tried: Set<ServerID>)
        /// A part of the spreading tree: the first server and those behind it.
        case branch([RosterEntry], [ServerID])
        /// What a gatherer is to tell.
        case gathering([RosterEntry])
        case farewell
    }

    private(set) var last: UInt64 = 0
    var pending: [Ring.MessageID: Purpose] = [:]
    /// When each message was sent that is neither acknowledged nor lost.
    var sent: [Ring.MessageID: MonotonicTime] = [:]

    mutating func next() -> Ring.MessageID {
        last += 1
        return Ring.MessageID(last)
    }
}

extension Ring {
    mutating func send(
        _ message: Message, to entry: RosterEntry, within limit: Duration? = nil, for purpose: Outbox.Purpose? = nil
    ) {
        send(message, to: entry.life, at: entry.peerEndpoint, within: limit, for: purpose)
    }

    mutating func send(
        _ message: Message, to life: ServerLife?, at endpoint: Endpoint, within limit: Duration? = nil,
        for purpose: Outbox.Purpose? = nil
    ) {
        let message = Effect.send(
            message, outbox.next(), to: life, at: endpoint, within: limit ?? messageWait)
        outbox.sent[MessageID(outbox.last)] = now
        if let purpose { outbox.pending[MessageID(outbox.last)] = purpose }
        effects.append(message)
    }

    mutating func acknowledged(_ message: MessageID, by life: ServerLife) {
        heard(life)
        if let time = outbox.sent.removeValue(forKey: message) { trips.messages.note(now - time) }
        switch outbox.pending.removeValue(forKey: message) {
        case .farewell: farewellEnded()
        case .contest(let entry, _): exchange.contested.remove(entry.life)
        case .join, .hop, .token, .branch, .gathering, nil: return
        }
    }

    mutating func lost(_ message: MessageID, _ reason: LossReason) {
        outbox.sent[message] = nil
        switch outbox.pending.removeValue(forKey: message) {
        case nil: return
        case .join(let contact): joinFailed(contact)
        case .contest(let entry, let since): contestEnded(entry, since: since, reason)
        case .hop(let alert, let life): hopFailed(alert, to: life)
        case .token(let mark, let tried): passOn(mark, tried: tried)
        case .branch(let entries, let rest): branchFailed(entries, rest, reason)
        case .gathering(let entries): gatheringFailed(entries, reason)
        case .farewell: farewellEnded()
        }
        if case .answeredBy(let life) = reason { meet(life) }
    }
}
