internal import Model
internal import Registry

// The registries: their processes, and how the world carries out what their machines ask for.
extension RingWorld {
    /// Adds a registry's host; it is started with `startRegistry`.
    @discardableResult
    package mutating func addRegistry() -> Int {
        let index = registries.count
        let endpoint = Endpoint(HostAddress(10, 255, UInt8(index >> 8 & 255), UInt8(index & 255)), 7700)
        registries.append(
            SimulatedRegistry(index: index, id: ServerID.random(using: &generator), endpoint: endpoint))
        for server in servers.indices { servers[server].lease.places.append(index) }
        return index
    }

    /// Starts a registry, which is empty.
    ///
    /// - Parameters:
    ///   - named: the registries that its operator named; nil: all that there are.
    ///   - age: for how long it has been running already, with nobody to give a lease to.
    package mutating func startRegistry(_ index: Int, naming named: [Int]? = nil, age: Duration = .zero) {
        guard registries[index].process == .down else { return }
        let clocks = registries[index].clocks
        registries[index].incarnation = registries[index].incarnation.next
        registries[index].run += 1
        registries[index].process = .up
        registries[index].upSince = now
        let identity = RegistryIdentity(
            life: ServerLife(id: registries[index].id, incarnation: registries[index].incarnation),
            address: registries[index].endpoint.host, peerPort: registries[index].endpoint.port, dnsPort: 5300,
            httpPort: 8080)
        guard let zone = Zone("rondo") else { return }
        registries[index].machine = Registry(
            identity: identity, zone: zone,
            registries: (named ?? Array(registries.indices)).map { registries[$0].endpoint },
            serial: UInt32(truncatingIfNeeded: clocks.wallMs(now) / 1000), seed: generator.next(),
            now: clocks.local(now) - age)
        feed(.timerFired, toRegistry: index)
    }

    /// `kill -9`.
    package mutating func killRegistry(_ index: Int) {
        if let life = registries[index].machine?.identity.life {
            for other in registries.indices where other != index {
                carry(.linkClosed(life), fromHost: registries[index].host, toRegistry: other)
            }
        }
        registries[index].process = .down
        registries[index].run += 1
        registries[index].machine = nil
        registries[index].backlog = []
    }

    /// SIGSTOP.
    package mutating func pauseRegistry(_ index: Int) {
        if registries[index].process == .up { registries[index].process = .paused }
    }

    /// SIGCONT.
    package mutating func resumeRegistry(_ index: Int) {
        guard registries[index].process == .paused else { return }
        registries[index].process = .up
        registries[index].upSince = now
        let backlog = registries[index].backlog
        registries[index].backlog = []
        for happening in backlog { perform(happening) }
    }

    /// Gives an event to a registry's machine and carries out what it asks for.
    /// - Returns: the answer to a request for a lease.
    @discardableResult
    mutating func feed(_ event: RegistryEvent, toRegistry index: Int) -> LeaseAnswer? {
        guard registries[index].machine != nil else { return nil }
        var effects: [RegistryEffect] = []
        handled += 1
        let time = registries[index].clocks.local(now)
        registries[index].machine?.handle(event, at: time, into: &effects)
        record(UInt64(bitPattern: Int64(registries[index].host)), UInt64(registries[index].machine?.serial ?? 0))
        return carryOut(effects, ofRegistry: index)
    }

    /// Everything that a registry's machine wants done; what registries tell each other travels from here, too, with
    /// `carry`.
    private mutating func carryOut(_ effects: [RegistryEffect], ofRegistry index: Int) -> LeaseAnswer? {
        var answer: LeaseAnswer?
        let clocks = registries[index].clocks
        for effect in effects {
            switch effect {
            case .answerLease(let one): answer = one
            case .check(let number, _, let peer, let deadline):
                check(number, at: peer, by: clocks.global(deadline), from: index)
            case .send(let message, let endpoint):
                guard let target = registries.firstIndex(where: { $0.endpoint == endpoint }) else { continue }
                carry(.messageReceived(message), fromHost: registries[index].host, toRegistry: target)
            case .setTimer(let time):
                registries[index].timer += 1
                let fired = Happening.registryTimer(
                    index, run: registries[index].run, number: registries[index].timer)
                if time != .distantFuture { queue.schedule(fired, at: max(clocks.global(time), now)) }
            case .noteGranted, .noteRemoved, .noteRegistry, .noteSignature, .noteUpdate, .noteChanged: continue
            }
        }
        return answer
    }

    /// Brings an event to a registry after the way there, if there is one: from a server's host or another registry's.
    mutating func carry(_ event: RegistryEvent, fromHost host: Int, toRegistry index: Int) {
        guard let time = network.stream(from: host, to: SimulatedRegistry.host(index)) else { return }
        schedule(.registryEvent(index, run: registries[index].run, event), after: time)
    }

    /// Asks a server itself who it is: an answer of its process, not of its host.
    private mutating func check(_ number: UInt64, at peer: Endpoint, by deadline: MonotonicTime, from index: Int) {
        let run = registries[index].run
        queue.schedule(.registryEvent(index, run: run, .checkFailed(number: number)), at: deadline)
        if let other = registries.firstIndex(where: { $0.endpoint == peer }) {
            return checkRegistry(number, other, from: index)
        }
        guard let target = place(of: peer), !servers[target].hasVanished,
            let time = network.stream(from: SimulatedRegistry.host(index), to: target)
        else { return }
        schedule(.checkArrived(target, registry: index, run: run, number: number), after: time)
    }

    private mutating func checkRegistry(_ number: UInt64, _ target: Int, from index: Int) {
        guard registries[target].process != .paused,
            let there = network.stream(from: registries[index].host, to: registries[target].host),
            let back = network.stream(from: registries[target].host, to: registries[index].host)
        else { return }
        let life = registries[target].isUp ? registries[target].machine?.identity.life : nil
        let event = life.map { RegistryEvent.checkAnswered(number: number, by: $0) } ?? .checkFailed(number: number)
        schedule(.registryEvent(index, run: registries[index].run, event), after: there + back)
    }

    mutating func answerCheck(_ number: UInt64, by target: Int, to index: Int, run: Int) {
        guard !servers[target].hasVanished else { return }
        guard let back = network.stream(from: target, to: SimulatedRegistry.host(index)) else { return }
        let event = servers[target].answeringLife.map { RegistryEvent.checkAnswered(number: number, by: $0) }
        schedule(.registryEvent(index, run: run, event ?? .checkFailed(number: number)), after: back)
    }

    mutating func isCurrentRegistry(_ index: Int, _ run: Int) -> Bool {
        registries[index].run == run && registries[index].process != .down
    }

    /// A paused registry gets it when it goes on.
    mutating func putBackRegistry(_ happening: Happening, _ index: Int) -> Bool {
        guard registries[index].process == .paused else { return false }
        if registries[index].backlog.count < 10_000 { registries[index].backlog.append(happening) }
        return true
    }
}
