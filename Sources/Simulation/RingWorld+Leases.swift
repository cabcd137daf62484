import Model
import Registry
import Ring

// What servers say to registries, and what follows from the answers: what the real server's `RegistryLink` and
// `RingServer+Leases` do.
extension RingWorld {
    private static var patience: Duration { .seconds(1) }

    /// Asks every registry for a lease for the first time.
    mutating func startLeases(of index: Int) {
        servers[index].leases = registries.map { _ in LeaseLink() }
        for registry in registries.indices { ask(registry, for: index) }
    }

    /// Gives a server the leases that it has had for long, each at some point between two renewals.
    mutating func settleLeases(of index: Int) {
        servers[index].leases = registries.map { _ in LeaseLink() }
        for registry in registries.indices {
            feed(
                .leaseRequested(leaseRequest(of: index), from: servers[index].endpoint.host), toRegistry: registry)
            let turn = LeaseReply(server: index, run: servers[index].run, registry: registry, turn: 0)
            schedule(.leaseTurn(turn), after: .milliseconds(network.random(0...3_000)))
        }
    }

    /// Something about the server has changed: all registries hear of it now.
    mutating func renewLeases(of index: Int) {
        for registry in servers[index].leases.indices where !servers[index].leases[registry].isStopped {
            if servers[index].leases[registry].isAsking {
                servers[index].leases[registry].isWoken = true
            } else {
                ask(registry, for: index)
            }
        }
    }

    mutating func ask(_ registry: Int, for index: Int) {
        guard !servers[index].leases[registry].isStopped else { return }
        servers[index].leases[registry].turn += 1
        servers[index].leases[registry].isAsking = true
        let (run, turn) = (servers[index].run, servers[index].leases[registry].turn)
        let reply = LeaseReply(server: index, run: run, registry: registry, turn: turn)
        schedule(.leaseAnswered(reply, nil), after: RingWorld.patience)
        guard let time = network.stream(from: index, to: SimulatedRegistry.host(registry)) else { return }
        schedule(.leaseRequested(leaseRequest(of: index), reply), after: time)
    }

    private func leaseRequest(of index: Int) -> LeaseRequest {
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
        schedule(.leaseAnswered(reply, answer), after: back)
    }

    /// The answer of a registry, or nil when it refused or did not answer in time.
    mutating func took(_ answer: LeaseAnswer?, _ reply: LeaseReply) {
        let (index, registry) = (reply.server, reply.registry)
        guard servers[index].leases[registry].turn == reply.turn, servers[index].leases[registry].isAsking else {
            return
        }
        servers[index].leases[registry].isAsking = false
        var pause: Duration
        if let answer {
            servers[index].leases[registry].failures = 0
            pause = answer.outcome == .granted ? .milliseconds(answer.renewMs) : .seconds(1)
            use(answer, by: index)
        } else {
            servers[index].leases[registry].failures += 1
            pause = servers[index].leases[registry].failures < 20 ? .milliseconds(250) : .seconds(1)
        }
        guard servers[index].run == reply.run, servers[index].process != .down else { return }
        if servers[index].leases[registry].isWoken { pause = .zero }
        servers[index].leases[registry].isWoken = false
        schedule(.leaseTurn(reply), after: pause)
    }

    mutating func leaseTurn(_ reply: LeaseReply) {
        let link = servers[reply.server].leases[reply.registry]
        if link.turn == reply.turn, !link.isAsking { ask(reply.registry, for: reply.server) }
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
        guard let target = places[holder], let there = network.stream(from: index, to: target), there < .seconds(1)
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

    /// A death is said once to every registry; one that does not get it has the lease's end.
    mutating func reportDeath(_ accused: ServerLife, by index: Int) {
        guard let reporter = servers[index].life else { return }
        let report = DeathReport(reporter: reporter, accused: accused, confirmed: true)
        for registry in registries.indices { carry(.deathReported(report), fromHost: index, toRegistry: registry) }
    }

    /// Gives all leases back, then says goodbye to the ring.
    mutating func releaseLeases(of index: Int) {
        guard let life = servers[index].life else { return }
        for registry in servers[index].leases.indices { servers[index].leases[registry].isStopped = true }
        for registry in registries.indices { carry(.leaseReleased(life), fromHost: index, toRegistry: registry) }
        feed(.leaveCompleted, to: index)
    }
}

/// Where the answer to a request for a lease belongs.
package struct LeaseReply: Hashable, Sendable {
    let server: Int
    let run: Int
    let registry: Int
    let turn: UInt64
}
