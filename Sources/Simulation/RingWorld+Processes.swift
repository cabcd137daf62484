import Model
package import Ring

// Starting, killing, pausing: what an operator or a bad day does to the servers.
extension RingWorld {
    /// Starts a server's process after a while.
    package mutating func start(_ index: Int, after delay: Duration = .zero) { schedule(.launch(index), after: delay) }

    /// Gives a server that is down addresses to begin with, as a saved roster does.
    package mutating func remember(_ contacts: [Ring.Contact], on index: Int) {
        servers[index].disk.contacts = contacts
    }

    /// `kill -9`: the kernel closes its connections.
    package mutating func kill(_ index: Int) {
        guard servers[index].process != .down else { return }
        end(index)
        for observer in servers.indices { closeConnection(to: index, of: observer) }
    }

    /// Power or cable gone: nobody is told.
    package mutating func vanish(_ index: Int) {
        end(index)
        servers[index].hasVanished = true
    }

    /// SIGSTOP.
    package mutating func pause(_ index: Int) {
        if servers[index].process == .up { servers[index].process = .paused }
    }

    /// SIGCONT: everything that came in meanwhile comes at once.
    package mutating func resume(_ index: Int) {
        guard servers[index].process == .paused else { return }
        servers[index].process = .up
        let backlog = servers[index].backlog
        servers[index].backlog = []
        for happening in backlog { perform(happening) }
    }

    /// SIGTERM: announce, hand over for a while, say goodbye.
    package mutating func leave(_ index: Int, after handover: Duration = .milliseconds(500)) {
        feed(.leaveRequested, to: index)
        schedule(.event(index, run: servers[index].run, .leaveCompleted), after: handover)
    }

    mutating func stop(_ index: Int) { kill(index) }

    private mutating func end(_ index: Int) {
        servers[index].process = .down
        servers[index].run += 1
        servers[index].ring = nil
        servers[index].watching = []
        servers[index].outstanding = []
        servers[index].backlog = []
    }

    private mutating func closeConnection(to index: Int, of observer: Int) {
        guard servers[observer].isRunning else { return }
        for life in servers[observer].watching.sorted() where life.id == servers[index].id {
            servers[observer].watching.remove(life)
            guard let time = network.stream(from: index, to: observer) else { continue }
            schedule(.event(observer, run: servers[observer].run, .connectionClosed(life)), after: time)
        }
    }

    mutating func launch(_ index: Int) {
        guard servers[index].process == .down else { return }
        servers[index].process = .starting
        servers[index].hasVanished = false
        servers[index].run += 1
        servers[index].disk.incarnation = servers[index].disk.incarnation.next
        schedule(.lease(index, run: servers[index].run), after: network.delay + network.delay)
    }

    /// The registry's counts and contacts, or the disk's memory when none answers.
    mutating func takeLease(_ index: Int) {
        let remembered = servers[index].disk.role ?? servers[index].wantedRole
        var role = remembered ?? .data
        var contacts = servers[index].disk.contacts
        if registryAnswers(index) {
            let entry = entry(of: index, incarnation: servers[index].disk.incarnation)
            (role, contacts) = registry.start(entry, remembered: remembered, at: now)
        }
        boot(index, role: role, contacts: contacts, roster: Roster())
    }

    func registryAnswers(_ index: Int) -> Bool { registry.isUp && network.connects(index, -1) }

    mutating func boot(_ index: Int, role: Role, contacts: [Ring.Contact], roster: Roster) {
        var entry = entry(of: index, incarnation: servers[index].disk.incarnation)
        entry.role = role
        entry.startNonce = generator.next()
        entry.provisional = true
        if let known = roster[entry.id] { entry = known }
        let isRemembered = servers[index].disk.role != nil || servers[index].wantedRole != nil
        servers[index].disk.role = role
        servers[index].process = .up
        servers[index].ring = Ring(
            configuration: configuration, identity: Ring.Identity(entry: entry, roleIsRemembered: isRemembered),
            roster: roster, seed: generator.next())
        feed(.started(contacts: contacts), to: index)
        schedule(.renewal(index, run: servers[index].run), after: RegistryStub.renewalTime)
    }

    func entry(of index: Int, incarnation: Incarnation) -> RosterEntry {
        let server = servers[index]
        return RosterEntry(
            id: server.id, incarnation: incarnation, startNonce: 0, role: server.disk.role ?? .data,
            host: server.endpoint.host, peerPort: server.endpoint.port, httpPort: 8080, pinned: server.isPinned)
    }

    mutating func renewLease(_ index: Int, _ happening: Happening) {
        schedule(happening, after: RegistryStub.renewalTime)
        guard servers[index].process == .up, registryAnswers(index), let ring = servers[index].ring else { return }
        let (_, contacts) = registry.renew(ring.own, at: now)
        servers[index].disk.contacts = contacts
        feed(.contactsLearnt(contacts), to: index)
    }

    mutating func updateRegistry(_ index: Int) {
        guard registryAnswers(index), let ring = servers[index].ring else { return }
        if ring.own.isPresent { _ = registry.renew(ring.own, at: now) }
    }

    mutating func reportDeath(_ life: ServerLife, by index: Int) {
        guard registryAnswers(index) else { return }
        let accused = servers.first { $0.id == life.id }
        let isAnswering = accused.map { $0.process == .up && $0.life == life && registryAnswers($0.index) } ?? false
        registry.remove(life, isAnswering: isAnswering)
    }
}
