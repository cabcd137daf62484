import Model

/// What a server does about its own entry: refuting its death, taking a role, leaving.
struct Renewal: Sendable {
    /// The incarnation that is being stored.
    var pending: Incarnation?
    /// Who said that this server is gone; they get its new entry first.
    var accusers: Set<ServerLife> = []
    /// A second process with this server's id may run there.
    var twin: RosterEntry?
    /// The role that the shell is taking up.
    var adopting: (role: Role, epoch: Epoch)?
    /// Until when this server does not count for roles, if it is damped.
    var dampedUntil = MonotonicTime.zero
    var hasLeft = false
    var farewells = 0
}

extension Ring {
    /// What others say of this server: anything but "alive" in this incarnation is refuted with a higher one.
    mutating func learnAboutSelf(_ entry: RosterEntry, from sender: ServerLife) {
        guard entry.id == id, !renewal.hasLeft else { return }
        let own = self.own
        if own.supersedes(entry), entry.incarnation < own.incarnation { return correct(sender) }
        guard entry.supersedes(own) else { return }
        if entry.state > .alive { return raise(above: entry.incarnation, accuser: sender) }
        if entry.startNonce == own.startNonce { return raise(above: entry.incarnation, accuser: sender) }
        if entry.incarnation == own.incarnation {
            // A clone of this server's volume: the smaller start nonce goes up, and the other one meets it and stops.
            return raise(above: entry.incarnation, accuser: sender)
        }
        checkTwin(entry, sender)
    }

    private mutating func correct(_ sender: ServerLife) {
        guard sender.id != id, let entry = roster[sender.id], entry.life == sender || !exchangesWhole else { return }
        send(.changes([own], through: nil), to: sender, at: entry.peerEndpoint)
    }

    /// Whether another process answers in this server's name.
    private mutating func checkTwin(_ entry: RosterEntry, _ sender: ServerLife) {
        guard entry.peerEndpoint != own.peerEndpoint else { return raise(above: entry.incarnation, accuser: sender) }
        guard renewal.twin == nil else { return }
        renewal.twin = entry
        if sender.id != id { renewal.accusers.insert(sender) }
        effects.append(.dial(entry.life, at: entry.peerEndpoint, within: redialWait))
    }

    /// - Returns: whether the dial was about this server's own id.
    mutating func endTwinCheck(_ life: ServerLife, _ result: DialResult) -> Bool {
        guard let twin = renewal.twin, twin.life == life else { return false }
        renewal.twin = nil
        if case .answered(let other?) = result, other.id == id, other.incarnation >= twin.incarnation {
            effects.append(.stop(.duplicateIdentity(twin.peerEndpoint)))
        } else {
            raise(above: twin.incarnation, accuser: nil)
        }
        return true
    }

    private mutating func raise(above incarnation: Incarnation, accuser: ServerLife?) {
        if let accuser, accuser.id != id { renewal.accusers.insert(accuser) }
        let wanted = max(incarnation, own.incarnation).next
        if let pending = renewal.pending, pending >= wanted { return }
        renewal.pending = wanted
        effects.append(.persist(wanted))
    }

    mutating func persisted(_ incarnation: Incarnation) {
        guard incarnation > own.incarnation, !renewal.hasLeft else { return }
        if let pending = renewal.pending, pending <= incarnation { renewal.pending = nil }
        updateOwn { $0.incarnation = incarnation }
        report(.refuted(incarnation))
        for accuser in renewal.accusers.sorted() {
            guard let entry = roster[accuser.id] else { continue }
            answer(accuser, at: entry.peerEndpoint)
        }
        renewal.accusers = []
    }
}

extension Ring {
    /// In a small ring with all that this server knows; in a large one with its own entry, which the accuser passes on
    /// in its half.
    private mutating func answer(_ accuser: ServerLife, at endpoint: Endpoint) {
        if roster.count <= configuration.directSpreadLimit {
            send(.roster(roster, wantsAnswer: true), to: accuser, at: endpoint)
        } else {
            send(.part([own], of: [], wantsAnswer: false), to: accuser, at: endpoint)
        }
    }
}

// Roles.
extension Ring {
    mutating func adopt(_ role: Role, _ epoch: Epoch) {
        guard renewal.adopting == nil, role != own.role else { return }
        renewal.adopting = (role, epoch)
        effects.append(.adoptRole(role, epoch))
    }

    mutating func adopted(_ role: Role) {
        let epoch = renewal.adopting?.epoch ?? own.roleEpoch
        renewal.adopting = nil
        guard role != own.role else { return }
        updateOwn {
            $0.role = role
            $0.roleEpoch = epoch
        }
        report(.roleTaken(role, epoch))
    }

    mutating func endProvisionalTime() {
        if own.provisional { updateOwn { $0.provisional = false } }
    }

    /// A change of the members is a reason for a provisional server to look at the counts again, once they are quiet.
    mutating func considerProvisionalRole() {
        guard own.provisional else { return }
        let jitter = Int64.random(in: 0..<100_000_000, using: &generator)
        setTimer(.provisional, at: now + configuration.provisionalRest + .nanoseconds(jitter))
    }

    /// Takes the role that is short if this server is among the first provisional ones of the other role, by id.
    mutating func provisionalTimerFired() {
        guard own.provisional, hasJoined, renewal.adopting == nil, !own.leaving else { return }
        let counts = roster.decisiveCounts
        let target = RoleCounts.target(servers: counts.total)
        let short = own.role.other
        guard counts.total > 1, counts[short] < target[short] else { return }
        let candidates = roster.present.filter { $0.provisional && roster.isDecisive($0) && $0.role == own.role }
        if candidates.prefix(target[short] - counts[short]).contains(where: { $0.id == id }) { adopt(short, epoch) }
    }
}

// Leaving.
extension Ring {
    mutating func announceLeave() {
        guard !own.leaving else { return }
        updateOwn { $0.leaving = true }
    }

    mutating func completeLeave() {
        guard !renewal.hasLeft else { return }
        updateOwn {
            $0.leaving = true
            $0.state = .left
        }
        renewal.hasLeft = true
        for entry in live(after: id, limit: configuration.treeFanOut) {
            renewal.farewells += 1
            send(
                .changes([own], through: nil), to: entry, within: confirmationWait, for: .farewell)
        }
        setTimer(.leave, at: now + confirmationWait)
        if renewal.farewells == 0 { stopAfterLeave() }
    }

    mutating func farewellEnded() {
        renewal.farewells -= 1
        if renewal.farewells == 0 { stopAfterLeave() }
    }

    mutating func stopAfterLeave() {
        guard renewal.hasLeft else { return }
        cancelTimer(.leave)
        effects.append(.stop(.left))
    }
}
