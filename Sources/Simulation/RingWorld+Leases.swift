package import Model
import Registry
import Ring

// What servers say to registries, and what follows from the answers: what the real server's `RegistryLink` and
// `RingServer+Leases` do.
extension RingWorld {
    /// How long a registry has to answer, where there is another one and where there is none; and for a death.
    private static var patience: Duration { .milliseconds(400) }
    private static var deadline: Duration { .seconds(1) }
    private static var deathPatience: Duration { .milliseconds(100) }

    /// Asks a registry for a lease for the first time.
    mutating func startLeases(of index: Int) {
        servers[index].lease = LeaseLink(places: servers[index].namedRegistries ?? Array(registries.indices))
        ask(for: index)
    }

    /// Gives a server the lease that it has had for long, and that all registries know of; it renews it at the first
    /// one, from some point between two renewals on.
    mutating func settleLeases(of index: Int) {
        servers[index].lease = LeaseLink(places: servers[index].namedRegistries ?? Array(registries.indices))
        let request = leaseRequest(of: index)
        for registry in registries.indices {
            feed(.leaseRequested(request, from: servers[index].endpoint.host), toRegistry: registry)
        }
        let turn = LeaseReply(server: index, run: servers[index].run, registry: 0, turn: 0)
        schedule(.leaseTurn(turn), after: .milliseconds(network.random(0...3_000)))
    }

    /// Something about the server has changed: a registry hears of it now.
    mutating func renewLeases(of index: Int) {
        guard !servers[index].lease.isStopped else { return }
        if servers[index].lease.isAsking { servers[index].lease.isWoken = true } else { ask(for: index) }
    }

    mutating func ask(for index: Int) {
        guard !servers[index].lease.isStopped, let registry = servers[index].lease.places.first else { return }
        servers[index].lease.turn += 1
        servers[index].lease.isAsking = true
        let (run, turn) = (servers[index].run, servers[index].lease.turn)
        let reply = LeaseReply(server: index, run: run, registry: registry, turn: turn)
        let isOnly = servers[index].lease.places.count == 1
        schedule(.leaseAnswered(reply, nil), after: isOnly ? RingWorld.deadline : RingWorld.patience)
        guard let time = network.stream(from: index, to: SimulatedRegistry.host(registry)) else { return }
        var request = leaseRequest(of: index)
        let lease = servers[index].lease
        lease.told.complete(
            &request, to: registries[registry].endpoint, knowing: lease.places.map { registries[$0].endpoint })
        schedule(.leaseRequested(request, reply), after: time)
    }

    private mutating func leaseRequest(of index: Int) -> LeaseRequest {
        var request = plainRequest(of: index)
        var own = request
        // One that is alone does both duties: that is news for every registry.
        own.ringSize = request.ringSize == 1 ? 1 : nil
        if servers[index].lease.last != own {
            servers[index].lease.sequence += 1
            servers[index].lease.last = own
        }
        request.sequence = servers[index].lease.sequence
        return request
    }

    private func plainRequest(of index: Int) -> LeaseRequest {
        let server = servers[index]
        let own = server.ring?.own
        let hasJoined = server.ring?.hasJoined == true
        return LeaseRequest(
            life: own?.life ?? ServerLife(id: server.id, incarnation: server.disk.home.incarnation), held: own?.role,
            wanted: server.wantedRole, remembered: server.disk.home.role, pinned: server.isPinned,
            address: server.endpoint.host, peerPort: server.endpoint.port, httpPort: 8080,
            state: own?.leaving == true ? .leaving : hasJoined ? .ready : .starting,
            ringSize: hasJoined ? server.ring?.roster.presentCount : nil)
    }

    /// A request has arrived at a registry's host.
    mutating func answerLease(_ request: LeaseRequest, _ reply: LeaseReply) {
        let host = SimulatedRegistry.host(reply.registry)
        guard let back = network.stream(from: host, to: reply.server) else { return }
        let source = servers[reply.server].endpoint.host
        let answer =
            registries[reply.registry].isUp
            ? feed(.leaseRequested(request, from: source), toRegistry: reply.registry) : nil
        count(request, answer, of: reply.server)
        schedule(.leaseAnswered(reply, answer), after: back)
    }

    /// The answer of a registry, or nil when it refused or did not answer in time: then the next one is asked.
    mutating func took(_ answer: LeaseAnswer?, _ reply: LeaseReply) {
        let index = reply.server
        guard servers[index].lease.turn == reply.turn, servers[index].lease.isAsking else { return }
        servers[index].lease.isAsking = false
        var pause: Duration
        if let answer {
            (servers[index].lease.failures, servers[index].lease.silent) = (0, 0)
            pause = answer.outcome == .granted ? .milliseconds(answer.renewMs) : .seconds(1)
            let places = servers[index].lease.places.map { registries[$0].endpoint }
            servers[index].lease.told.took(answer, of: registries[reply.registry].endpoint, knowing: places)
            if let live = answer.registries { learn(live, by: index) }
            use(answer, by: index)
        } else {
            pause = turnElsewhere(index, from: reply.registry)
        }
        guard servers[index].run == reply.run, servers[index].process != .down else { return }
        if servers[index].lease.isWoken { pause = .zero }
        servers[index].lease.isWoken = false
        schedule(.leaseTurn(reply), after: pause)
    }

    /// - Returns: how long to wait before the next registry is asked.
    private mutating func turnElsewhere(_ index: Int, from registry: Int) -> Duration {
        var lease = servers[index].lease
        defer { servers[index].lease = lease }
        if lease.places.first == registry { lease.places.append(lease.places.removeFirst()) }
        lease.silent += 1
        if lease.silent < lease.places.count { return .zero }
        lease.silent = 0
        lease.failures += 1
        return lease.failures < 20 ? .milliseconds(250) : .seconds(1)
    }

    private mutating func learn(_ live: [RegistryIdentity], by index: Int) {
        let known = live.compactMap { one in registries.firstIndex { $0.endpoint == one.peer } }
        let named = servers[index].namedRegistries ?? Array(registries.indices)
        let present = named + known
        servers[index].lease.places = (servers[index].lease.places.filter(present.contains) + present).reduce(into: [])
        {
            if !$0.contains($1) { $0.append($1) }
        }
    }

    mutating func leaseTurn(_ reply: LeaseReply) {
        let lease = servers[reply.server].lease
        if lease.turn == reply.turn, !lease.isAsking { ask(for: reply.server) }
    }

    private mutating func use(_ answer: LeaseAnswer, by index: Int) {
        let contacts = answer.contacts.map { Ring.Contact(endpoint: $0.peer, life: $0.life) }
        switch answer.outcome {
        case .granted where servers[index].process == .starting:
            boot(index, role: answer.role, contacts: contacts + servers[index].disk.home.contacts)
        case .granted: feed(.contactsLearnt(contacts), to: index)
        case .dead, .conflict:
            guard let holder = answer.holder, holder != servers[index].endpoint else {
                return comeBack(index, above: answer.least)
            }
            checkTwin(index, at: holder, least: answer.least)
        case .full: return
        }
    }

    /// Asks the holder of the lease whether it is another process with this server's id.
    private mutating func checkTwin(_ index: Int, at holder: Endpoint, least: Incarnation?) {
        let run = servers[index].run
        guard let target = place(of: holder), let there = network.stream(from: index, to: target), there < .seconds(1)
        else { return schedule(.twinChecked(index, run: run, host: nil, least), after: .seconds(1)) }
        schedule(.twinChecked(index, run: run, host: target, least), after: there + there)
    }

    mutating func twinChecked(_ index: Int, host: Int?, least: Incarnation?) {
        if let host, host != index, servers[host].process == .up || servers[host].process == .starting,
            servers[host].id == servers[index].id
        {
            return stop(index)
        }
        comeBack(index, above: least)
    }

    /// The registry holds this life for over: said to the machine as if a peer had said it, which refutes.
    private mutating func comeBack(_ index: Int, above least: Incarnation?) {
        guard let least, let life = servers[index].answeringLife, least > life.incarnation else { return }
        guard var entry = servers[index].ring?.own else {
            guard servers[index].disk.health != .full else { return stop(index) }
            servers[index].disk.home.incarnation = least
            return renewLeases(of: index)
        }
        entry.incarnation = Incarnation(least.value - 1)
        entry.state = .dead
        let registry = ServerLife(id: ServerID(0), incarnation: Incarnation(0))
        feed(.messageReceived(.accusation(entry), from: registry), to: index)
    }

    /// Says to a registry that a server died, or is suspected, whatever the ring thinks.
    package mutating func reportDeath(
        of accused: ServerLife, by reporter: ServerLife, toRegistry registry: Int, confirmed: Bool
    ) {
        let report = DeathReport(reporter: reporter, accused: accused, confirmed: confirmed)
        feed(.deathReported(report), toRegistry: registry)
    }

    /// Renews the leases of all servers at a registry by itself, those of the dead, too: what no server would do.
    package mutating func pretendRenewals(atRegistry registry: Int, for duration: Duration) {
        var requests: [LeaseRequest] = []
        for index in servers.indices {
            requests.append(leaseRequest(of: index))
            requests[index].state = .ready
        }
        let end = now + duration
        while now < end {
            for request in requests {
                feed(.leaseRequested(request, from: request.address), toRegistry: registry)
            }
            run(for: .seconds(1))
        }
    }

    /// A death is said to the first registry that answers, which tells the others; where none does, it has the lease's
    /// end.
    mutating func reportDeath(_ accused: ServerLife, by index: Int) {
        guard let reporter = servers[index].life else { return }
        let report = DeathReport(reporter: reporter, accused: accused, confirmed: true)
        tell(.deathReported(report), by: index, patience: RingWorld.deathPatience)
    }

    /// Gives the lease back, then says goodbye to the ring.
    mutating func releaseLeases(of index: Int) {
        guard let life = servers[index].life else { return }
        servers[index].lease.isStopped = true
        tell(.leaseReleased(life), by: index, patience: RingWorld.patience)
        feed(.leaveCompleted, to: index)
    }

    private mutating func tell(_ event: RegistryEvent, by index: Int, patience: Duration) {
        var wait = Duration.zero
        for registry in servers[index].lease.places {
            let time = network.stream(from: index, to: SimulatedRegistry.host(registry))
            if let time, registries[registry].isUp {
                return schedule(.registryEvent(registry, run: registries[registry].run, event), after: wait + time)
            }
            // One that is down refuses at once; one that is paused or cut off costs its time.
            if time == nil || registries[registry].process == .paused { wait += patience }
        }
    }
}

/// Where the answer to a request for a lease belongs.
package struct LeaseReply: Hashable, Sendable {
    let server: Int
    let run: Int
    let registry: Int
    let turn: UInt64
}
