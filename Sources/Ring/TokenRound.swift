import Model

/// The token that goes round the ring and lets one server at a time improve what is not urgent.
struct TokenRound: Sendable {
    var isHolder = false
    /// When the mark last rose.
    var changedAt = MonotonicTime.zero
}

extension Ring {
    /// The token while this server holds it: then it may do what one server at a time is to do.
    package var heldToken: TokenMark? { tokenRound.isHolder ? token : nil }

    /// The token's news from a heartbeat.
    mutating func note(_ mark: TokenMark) {
        guard mark > token else { return }
        token = mark
        tokenRound.changedAt = now
        tokenRound.isHolder = false
        setTokenTimer()
    }

    /// The token itself; one that is older than what is known is a double, and ends here.
    mutating func receive(_ mark: TokenMark) {
        guard mark.holder == id, mark >= token, !tokenRound.isHolder else { return }
        note(mark)
        hold()
    }

    private mutating func hold() {
        tokenRound.isHolder = true
        tokenRound.changedAt = now
        setTimer(.token, at: now + configuration.tokenHold)
    }

    /// A lost token is made anew by the first live server clockwise of its last holder, the next one if that fails.
    mutating func setTokenTimer() {
        setTimer(.token, at: tokenLossTime)
    }

    private var tokenLossTime: MonotonicTime {
        let rank = token.holder == id ? 32 : rank(after: token.holder)
        // More than a holder's time for each: a token that was just made goes clockwise, and has to reach the next ones
        // before they make another.
        return tokenRound.changedAt + configuration.tokenLoss + configuration.tokenHold * 3 / 2 * rank
    }

    mutating func tokenTimerFired() {
        guard hasJoined, !own.leaving else { return setTimer(.token, at: now + configuration.tokenLoss) }
        if tokenRound.isHolder {
            rebalance()
            return passOn(TokenMark(serial: token.serial + 1, holder: id), tried: [])
        }
        // The ring may have grown since the timer was set.
        if now < tokenLossTime { return setTokenTimer() }
        token = TokenMark(serial: token.serial + 1, holder: id)
        report(.tokenMade(token))
        hold()
    }

    /// Gives the token to the next live server that has not failed to take it.
    mutating func passOn(_ mark: TokenMark, tried: Set<ServerID>) {
        guard tokenRound.isHolder || mark.serial == token.serial else { return }
        let next = live(after: id, limit: tried.count + 1).first { !tried.contains($0.id) }
        guard let next else { return hold() }
        let passed = TokenMark(serial: mark.serial, holder: next.id)
        tokenRound.isHolder = false
        token = max(token, passed)
        tokenRound.changedAt = now
        setTokenTimer()
        send(.token(passed), to: next, for: .token(passed, tried: tried.union([next.id])))
    }

    /// One step towards 2:3, when nothing has changed for long enough.
    private mutating func rebalance() {
        guard now - changes.lastTime >= configuration.quietTime, !isResting(at: now), detector.suspicions.isEmpty,
            manager.instruction == nil, renewal.adopting == nil
        else { return }
        let counts = roster.decisiveCounts
        let target = RoleCounts.target(servers: counts.total)
        guard counts.total > 1, let missing = RoleDecision.missing(from: counts, to: target) else { return }
        instruct(missing.role, 1, counts, isRebalancing: true)
    }
}
