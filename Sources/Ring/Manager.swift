import Model

/// What a server does whose alert is back, or that stands first after a change: it sees to the roles.
struct Manager: Sendable {
    /// From the moment its alert is back until the roles are in order.
    var isManaging = false
    /// What it has ordered and not yet seen done.
    var instruction: Imbalance?
    var sendings = 0
    /// The last instruction of another manager, and when it came.
    var foreign: (imbalance: Imbalance, time: MonotonicTime)?
    /// Who was named and did not follow, for a disk that does not answer or worse, and until when others go first.
    var passedOver: [ServerID: MonotonicTime] = [:]
    /// An instruction that nobody follows is given up after so many sendings, and decided anew.
    static let maximumSendings = 10
    static let passingOver: Duration = .seconds(60)
}

extension Ring {
    /// After every change one server looks at the counts: the first live one clockwise of a place that follows from the
    /// roster as it is now, so that servers which agree on the roster agree on that one, whatever order the news came
    /// in. If that does not happen, the second one does half a second later, and so on.
    mutating func setRolesTimer(notBefore time: MonotonicTime) {
        let wait = max(time, changes.lastTime + configuration.mergeRest, changes.restUntil)
        setTimer(.roles, at: wait + .milliseconds(500) * rank(after: changePoint))
    }

    private var changePoint: ServerID {
        ServerID(UInt128(Mixing.mix(roster.digest, into: 1)) << 64 | UInt128(roster.digest))
    }

    /// How many live servers lie between a place and this server.
    func rank(after place: ServerID) -> Int {
        let distance = place.clockwiseDistance(to: id)
        return live(after: place, limit: 32).count { $0.id != id && place.clockwiseDistance(to: $0.id) < distance }
    }

    mutating func rolesTimerFired() {
        guard hasJoined, !own.leaving else { return }
        manageRoles()
    }

    /// Sends the instruction that is due, again until the roster shows that it was followed.
    mutating func manageRoles() {
        if let instruction = manager.instruction {
            if isOpen(instruction) { return }
            manager.instruction = nil
        }
        if isResting(at: now) { return setRolesTimer(notBefore: changes.restUntil) }
        // A change under way, ordered by whomever, is waited for.
        if renewal.adopting != nil || isForeignInstructionOpen {
            return setRolesTimer(notBefore: now + configuration.instructionInterval)
        }
        let counts = roster.decisiveCounts
        let minimum = RoleDecision.minimum(servers: counts.total)
        guard let missing = RoleDecision.missing(from: counts, to: minimum) else {
            manager.isManaging = false
            stuckRole = nil
            return
        }
        instruct(missing.role, missing.count, counts, isRebalancing: false)
    }

    /// Orders the first fit servers into the role; if there are none, says so and waits for the roster to change.
    mutating func instruct(_ role: Role, _ count: Int, _ counts: RoleCounts, isRebalancing: Bool) {
        let takers = takers(of: role, count, counts)
        guard !takers.isEmpty else {
            if !isRebalancing, stuckRole != role { report(.imbalanceStuck(role, missing: count)) }
            if !isRebalancing { stuckRole = role }
            return
        }
        stuckRole = nil
        epoch = epoch.next(by: id)
        let imbalance = Imbalance(
            epoch: epoch, base: roster.digest, role: role, takers: takers, isRebalancing: isRebalancing)
        manager.instruction = imbalance
        manager.sendings = 0
        report(.imbalanceSent(imbalance))
        sendInstruction()
    }

    /// The first fit servers; those that did not follow lately only where there are no others.
    private func takers(of role: Role, _ count: Int, _ counts: RoleCounts) -> [ServerID] {
        let suspects = self.suspects
        let slow = manager.passedOver.filter { now < $0.value }
        let free = { (entry: RosterEntry) in !suspects.contains(entry.id) && roster.isDecisive(entry) }
        let willing = RoleDecision.takers(of: role, count: count, counts: counts, manager: id, roster: roster) {
            free($0) && slow[$0.id] == nil
        }
        guard willing.isEmpty, !slow.isEmpty else { return willing }
        return RoleDecision.takers(
            of: role, count: count, counts: counts, manager: id, roster: roster, isFree: free)
    }

    /// Whether somebody who was named may still follow.
    private func isOpen(_ imbalance: Imbalance) -> Bool { !waiting(for: imbalance).isEmpty }

    private func waiting(for imbalance: Imbalance) -> [RosterEntry] {
        imbalance.takers.compactMap { roster[$0] }.filter { $0.holdsRole && $0.role != imbalance.role }
    }

    /// As long as its manager lives it sends it again, and passes over who does not follow: a slow disk is waited for.
    private var isForeignInstructionOpen: Bool {
        guard let foreign = manager.foreign else { return false }
        let sees = roster[foreign.imbalance.epoch.manager].map(isLive) ?? false
        let limit = sees ? configuration.instructionInterval * (Manager.maximumSendings + 2) : configuration.mergeRest
        guard now - foreign.time < limit else { return false }
        return foreign.imbalance.epoch >= epoch && isOpen(foreign.imbalance)
    }

    /// Tells those who are to change; the first time all others too, as far as one server can, so that nobody decides
    /// beside it.
    private mutating func sendInstruction() {
        guard let imbalance = manager.instruction else { return }
        manager.sendings += 1
        let waiting = self.waiting(for: imbalance)
        if waiting.contains(where: { $0.id == id }) { obey(imbalance) }
        let hearers = manager.sendings == 1 ? live(after: id, limit: configuration.directSpreadLimit) : []
        let rest = hearers.filter { hearer in !waiting.contains { $0.id == hearer.id } }
        for entry in waiting + rest where entry.id != id { send(.imbalance(imbalance), to: entry) }
        setTimer(.instruction, at: now + configuration.instructionInterval)
    }

    mutating func instructionTimerFired() {
        guard let imbalance = manager.instruction else { return }
        if isOpen(imbalance), imbalance.epoch >= epoch, manager.sendings < Manager.maximumSendings {
            return sendInstruction()
        }
        if manager.sendings >= Manager.maximumSendings {
            for entry in waiting(for: imbalance) { manager.passedOver[entry.id] = now + Manager.passingOver }
        }
        manager.instruction = nil
        if !imbalance.isRebalancing { setRolesTimer(notBefore: now) }
    }

    /// Follows an instruction that names this server, if it is not outdated and still necessary.
    mutating func obey(_ imbalance: Imbalance) {
        guard imbalance.epoch >= epoch else { return }
        epoch = imbalance.epoch
        if imbalance.epoch.manager != id { manager.foreign = (imbalance, now) }
        let own = self.own
        guard imbalance.takers.contains(id), own.role != imbalance.role, !own.pinned, !own.leaving else { return }
        let counts = roster.decisiveCounts
        let wanted =
            imbalance.isRebalancing
            ? RoleCounts.target(servers: counts.total) : RoleDecision.minimum(servers: counts.total)
        if counts[imbalance.role] < wanted[imbalance.role] { adopt(imbalance.role, imbalance.epoch) }
    }
}
