package import Model
package import Ring

// Starting, killing, pausing: what an operator or a bad day does to the servers.
extension RingWorld {
    /// Starts a server's process after a while.
    package mutating func start(_ index: Int, after delay: Duration = .zero) { schedule(.launch(index), after: delay) }

    /// Gives a server that is down addresses to begin with, as a saved roster does.
    package mutating func remember(_ contacts: [Ring.Contact], on index: Int) {
        servers[index].disk.home.contacts = contacts
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

    /// Loads a machine so that everything in it comes late by up to so much; with nil it catches up at once.
    package mutating func overload(_ index: Int, by lateness: Duration?) {
        servers[index].lateness = lateness
        guard lateness == nil else { return }
        servers[index].lateUntil = now
        while !servers[index].late.isEmpty { catchUp(index) }
    }

    /// A firewall between two hosts begins to reset their connections.
    package mutating func refuse(_ one: Int, _ other: Int) {
        network.refuse(one, other)
        reset(one, by: other)
        reset(other, by: one)
    }

    private mutating func reset(_ observer: Int, by host: Int) {
        let run = servers[observer].run
        for (life, target) in servers[observer].watching.sorted(by: { $0.key < $1.key }) where target == host {
            servers[observer].watching[life] = nil
            schedule(.event(observer, run: run, .connectionClosed(life)), after: network.transit(host, observer))
        }
    }

    /// Gives a server that is down another address, perhaps one that another server had.
    package mutating func move(_ index: Int, to endpoint: Endpoint) {
        guard servers[index].process == .down else { return }
        if places[servers[index].endpoint] == index { places[servers[index].endpoint] = nil }
        servers[index].endpoint = endpoint
        haveMoved = true
        places[endpoint] = index
    }

    /// Delivers a message that nobody sent just now: one that was under way for long, or comes twice, or is made up.
    package mutating func deliver(_ message: Ring.Message, from sender: ServerLife, to index: Int) {
        feed(.messageReceived(message, from: sender), to: index)
    }

    /// Steps the wall clock of a host.
    package mutating func stepClock(of index: Int, by step: Duration) { servers[index].clocks.wallError += step }

    /// SIGTERM: announce, hand over for a while, say goodbye.
    package mutating func leave(_ index: Int, after handover: Duration = .milliseconds(500)) {
        feed(.leaveRequested, to: index)
        schedule(.goodbye(index, run: servers[index].run), after: handover)
    }

    mutating func stop(_ index: Int) { kill(index) }

    private mutating func end(_ index: Int) {
        rememberMembers(index)
        servers[index].process = .down
        servers[index].endTime = now
        servers[index].run += 1
        servers[index].ring = nil
        servers[index].watching = [:]
        servers[index].outstanding = []
        servers[index].backlog = []
        servers[index].late = []
        servers[index].disk.crash(using: &generator)
    }

    /// The real server writes the members down whenever they change.
    private mutating func rememberMembers(_ index: Int) {
        guard let ring = servers[index].ring, ring.roster.presentCount > 1 else { return }
        servers[index].disk.home.contacts = ring.roster.clockwise(after: ring.id, limit: 64).map {
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
        servers[index].process = .opening
        servers[index].hasVanished = false
        servers[index].run += 1
        open(index)
    }

    /// Goes one incarnation up on the disk, then opens the ports and asks for leases.
    mutating func open(_ index: Int) {
        switch servers[index].disk.health {
        case .full: return end(index)
        case .stuck: return
        case .fit, .slow: break
        }
        servers[index].process = .starting
        servers[index].disk.home.incarnation = servers[index].disk.home.incarnation.next
        startLeases(of: index)
        schedule(.unanswered(index, run: servers[index].run), after: .seconds(1))
    }

    /// Enters the ring.
    ///
    /// - Parameter role: the registry's word, nil when none answered.
    mutating func boot(_ index: Int, role answered: Role?, contacts: [Ring.Contact], roster: Roster = Roster()) {
        guard servers[index].process == .starting else { return }
        let role = answered ?? servers[index].disk.home.role ?? servers[index].wantedRole ?? .data
        var entry = entry(of: index, incarnation: servers[index].disk.home.incarnation)
        entry.role = role
        entry.startNonce = generator.next()
        entry.provisional = true
        if let known = roster[entry.id] { entry = known }
        let isRemembered = servers[index].disk.home.role != nil || servers[index].wantedRole != nil
        servers[index].disk.home.role = role
        servers[index].process = .up
        servers[index].ring = Ring(
            configuration: configuration, identity: Ring.Identity(entry: entry, roleIsRemembered: isRemembered),
            roster: roster, seed: generator.next())
        feed(.started(contacts: contacts), to: index)
    }

    func entry(of index: Int, incarnation: Incarnation) -> RosterEntry {
        let server = servers[index]
        return RosterEntry(
            id: server.id, incarnation: incarnation, startNonce: 0, role: server.disk.home.role ?? .data,
            host: server.endpoint.host, peerPort: server.endpoint.port, httpPort: 8080, pinned: server.isPinned)
    }
}
