internal import Model
internal import Peers
internal import Platform
internal import Registry
internal import Ring

// What the server tells a registry, and what follows from their answers.
extension RingServer {
    /// Not yet started.
    func makeRegistryLink() -> RegistryLink {
        let link = RegistryLink(
            named: configuration.registryPlaces, peers: peers, clock: world.clock, log: world.log,
            request: { [unowned self] in leaseRequest() }, answered: { [weak self] in self?.took($0) })
        link.reachabilityChanged = { [weak self] in self?.registryReachabilityChanged() }
        return link
    }

    private func leaseRequest() -> LeaseRequest {
        let entry = shell.flatMap { $0.ring.roster[peers.identity.life.id] }
        let isReady = view.unreadiness.isEmpty
        return LeaseRequest(
            life: peers.identity.life, held: entry?.role, wanted: configuration.choice.role,
            remembered: state.state.role, pinned: configuration.pin, address: peers.identity.endpoint.host,
            peerPort: peers.identity.endpoint.port, httpPort: web?.port ?? configuration.httpPort,
            publicHTTP: configuration.publicHTTP, state: isLeaving ? .leaving : isReady ? .ready : .starting,
            ringSize: shell.flatMap { $0.ring.hasJoined ? $0.ring.roster.present.count : nil })
    }

    private func took(_ answer: LeaseAnswer) {
        switch answer.outcome {
        case .granted:
            view.hasLease = true
            tellFloating()
            floating?.registryAnswered()
            firstAnswer.give(answer)
            shell?.handle(.contactsLearnt(answer.contacts.map(\.contact)))
        case .dead: Loop.spawn("registry.dead") { [self] in await tookDeath(answer) }
        case .conflict, .full:
            if answer.holder != nil { Loop.spawn("registry.twin") { [self] in await stopsBesideTwin(answer) } }
            world.log.warning("the registry gives no lease", ["outcome": answer.outcome.rawValue])
        }
    }

    /// A later life holds the lease: this one was taken for dead, or a second process has this server's id.
    private func tookDeath(_ answer: LeaseAnswer) async {
        guard await !stopsBesideTwin(answer), !hasEnded else { return }
        comeBack(above: answer.least)
    }

    /// Stops when the lease's holder is another process with this server's id, as after its home was copied.
    @discardableResult
    private func stopsBesideTwin(_ answer: LeaseAnswer) async -> Bool {
        guard let holder = answer.holder, holder != peers.identity.endpoint,
            let twin = await peers.twin(at: holder, deadline: world.clock.now + .seconds(1))
        else { return false }
        ringStopped(.duplicateIdentity(twin.endpoint))
        return true
    }

    /// The registry holds this life for over: said to the machine as if a peer had said it, which refutes.
    private func comeBack(above least: Incarnation?) {
        let life = peers.identity.life
        guard let least, least > life.incarnation else { return }
        guard let shell, var entry = shell.ring.roster[life.id] else {
            Loop.spawn("registry.return") { [self] in
                await persist(least)
                registry?.renew()
            }
            return
        }
        entry.incarnation = Incarnation(least.value - 1)
        entry.state = .dead
        // No member of the ring: the machine answers to the accusation, and has nobody to answer.
        let accuser = ServerLife(id: ServerID(0), incarnation: Incarnation(0))
        shell.handle(.messageReceived(.accusation(entry), from: accuser))
    }
}
