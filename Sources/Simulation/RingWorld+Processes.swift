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
        schedule(.goodbye(index, run: servers[index].run), after: handover)
    }

    mutating func stop(_ index: Int) { kill(index) }

    private mutating func end(_ index: Int) {
        rememberMembers(index)
        servers[index].process = .down
        servers[index].run += 1
        servers[index].ring = nil
        servers[index].watching = [:]
        servers[index].outstanding = []
        servers[index].backlog = []
    }

    /// The real server writes the members down whenever they change.
    private mutating func rememberMembers(_ index: Int) {
        guard let ring = servers[index].ring, ring.roster.presentCount > 1 else { return }
        servers[index].disk.contacts = ring.roster.clockwise(after: ring.id, limit: 64).map {
            Ring.Contact(endpoint: $0.peerEndpoint, life: nil)
        }
    }

    private mutating func closeConnection(to index: Int, of observer: Int) {
        guard servers[observer].isRunning else { return }
        for (life, host) in servers[observer].watching.sorted(by: { $0.key < $1.key }) where host == index {
            servers[observer].watching[life] = nil
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
        startLeases(of: index)
        schedule(.unanswered(index, run: servers[index].run), after: .seconds(1))
    }

    /// Enters the ring.
    ///
    /// - Parameter role: the registry's word, nil when none answered.
    mutating func boot(_ index: Int, role answered: Role?, contacts: [Ring.Contact], roster: Roster = Roster()) {
        guard servers[index].process == .starting else { return }
        let role = answered ?? servers[index].disk.role ?? servers[index].wantedRole ?? .data
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
    }

    func entry(of index: Int, incarnation: Incarnation) -> RosterEntry {
        let server = servers[index]
        return RosterEntry(
            id: server.id, incarnation: incarnation, startNonce: 0, role: server.disk.role ?? .data,
            host: server.endpoint.host, peerPort: server.endpoint.port, httpPort: 8080, pinned: server.isPinned)
    }
}
