import Model
import Registry
import Ring

// How the world carries out what machines ask for, and delivers what comes of it.
extension RingWorld {
    mutating func perform(_ happening: Happening) {
        switch happening {
        case .launch(let index): launch(index)
        case .unanswered(let index, let run):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            boot(index, role: nil, contacts: servers[index].disk.home.contacts)
        case .event(let index, let run, let event):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            feed(event, to: index)
        case .message(let from, let run, let sender, let to, let message, let id, let meant):
            guard !putBack(happening, to) else { return }
            deliver(message, id, from: from, run, sender, to: to, meant: meant)
        case .answer(let index, let run, let id, let life):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            if servers[index].outstanding.remove(id) != nil { feed(.messageAcknowledged(id, by: life), to: index) }
        case .deadline(let index, let run, let id, let reason):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            if servers[index].outstanding.remove(id) != nil { feed(.messageLost(id, reason), to: index) }
        case .stored(let index, let run, let number):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            stored(number, of: index)
        case .catchUp(let index): catchUp(index)
        case .goodbye(let index, let run):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            releaseLeases(of: index)
        case .twinChecked(let index, let run, let host, let least):
            guard isCurrent(index, run), !putBack(happening, index) else { return }
            twinChecked(index, host: host, least: least)
        case .leaseRequested, .leaseAnswered, .leaseTurn, .checkArrived, .registryTimer, .registryEvent:
            performAtRegistry(happening)
        }
    }

    private mutating func performAtRegistry(_ happening: Happening) {
        switch happening {
        case .leaseRequested(let request, let reply):
            guard !putBackRegistry(happening, reply.registry) else { return }
            answerLease(request, reply)
        case .leaseAnswered(let reply, let answer):
            guard isCurrent(reply.server, reply.run), !putBack(happening, reply.server) else { return }
            took(answer, reply)
        case .leaseTurn(let reply):
            guard isCurrent(reply.server, reply.run), !putBack(happening, reply.server) else { return }
            leaseTurn(reply)
        case .checkArrived(let index, let registry, let run, let number):
            guard !putBack(happening, index) else { return }
            answerCheck(number, by: index, to: registry, run: run)
        case .registryTimer(let index, let run, let number):
            guard isCurrentRegistry(index, run), !putBackRegistry(happening, index) else { return }
            if registries[index].timer == number { feed(.timerFired, toRegistry: index) }
        case .registryEvent(let index, let run, let event):
            guard isCurrentRegistry(index, run), !putBackRegistry(happening, index) else { return }
            feed(event, toRegistry: index)
        default: return
        }
    }

    private func isCurrent(_ index: Int, _ run: Int) -> Bool {
        servers[index].run == run && servers[index].process != .down
    }

    /// A paused process gets it when it goes on, an overloaded one a little later.
    private mutating func putBack(_ happening: Happening, _ index: Int) -> Bool {
        guard servers[index].process == .paused else { return isPutOff(happening, index) }
        if servers[index].backlog.count < 2_000 { servers[index].backlog.append(happening) }
        return true
    }

    private mutating func isPutOff(_ happening: Happening, _ index: Int) -> Bool {
        guard servers[index].process != .down, !servers[index].isCatchingUp,
            servers[index].lateness != nil || !servers[index].late.isEmpty
        else { return false }
        let most = (servers[index].lateness ?? .zero).nanoseconds
        let time = max(now + .nanoseconds(network.random(0...most)), servers[index].lateUntil)
        servers[index].lateUntil = time
        servers[index].late.append(happening)
        queue.schedule(.catchUp(index), at: time)
        return true
    }

    mutating func catchUp(_ index: Int) {
        guard !servers[index].late.isEmpty else { return }
        let happening = servers[index].late.removeFirst()
        servers[index].isCatchingUp = true
        perform(happening)
        servers[index].isCatchingUp = false
    }

    mutating func carryOut(_ effect: Ring.Effect, of index: Int) {
        let run = servers[index].run
        switch effect {
        case .sendProbe(let probe, let endpoint): send(probe, to: endpoint, from: index)
        case .send(let message, let id, let life, let endpoint, let limit):
            send(message, id, to: life, at: endpoint, within: limit, from: index)
        case .watch(let life, let endpoint): watch(life, at: endpoint, from: index)
        case .unwatch(let life): servers[index].watching[life] = nil
        case .dial(let life, let endpoint, let limit): dial(life, at: endpoint, within: limit, from: index)
        case .setTimer(let timer, let time):
            let time = max(servers[index].clocks.global(time), now)
            queue.schedule(.event(index, run: run, .timerFired(timer)), at: time)
        case .cancelTimer, .rosterChanged: return
        case .persist(let incarnation): persist(incarnation, of: index)
        case .adoptRole(let role, _): adopt(role, by: index)
        case .reportDeath(let life): reportDeath(life, by: index)
        case .updateRegistry: renewLeases(of: index)
        case .report(let observation): note(observation, of: index)
        case .stop: stop(index)
        }
    }

    private mutating func send(_ probe: Probe, to endpoint: Endpoint, from index: Int) {
        guard let target = place(of: endpoint) else { return }
        let times = network.datagram(from: index, to: target)
        count(probe, from: index, to: target, copies: times.again == nil ? times.first == nil ? 0 : 1 : 2)
        guard let first = times.first, servers[target].process != .down else { return }
        // Bytes, as on a wire, would only cost time here: the codec has its own tests.
        let event = Ring.Event.probeReceived(probe, from: servers[index].endpoint)
        schedule(.event(target, run: servers[target].run, event), after: first)
        if let again = times.again { schedule(.event(target, run: servers[target].run, event), after: again) }
    }

    private mutating func send(
        _ message: Ring.Message, _ id: Ring.MessageID, to life: ServerLife?, at endpoint: Endpoint,
        within limit: Duration,
        from index: Int
    ) {
        guard let sender = servers[index].life else { return }
        let run = servers[index].run
        servers[index].outstanding.insert(id)
        schedule(.deadline(index, run: run, id, .timedOut), after: limit)
        guard let target = place(of: endpoint) else { return }
        if network.refuses(index, target) {
            return schedule(.deadline(index, run: run, id, .refused), after: network.transit(index, target) * 2)
        }
        guard let time = network.stream(from: index, to: target) else { return }
        told += message.entryCount
        count(message, from: index, to: target)
        schedule(
            .message(from: index, fromRun: run, sender: sender, to: target, message, id, meant: life), after: time)
    }

    private mutating func deliver(
        _ message: Ring.Message, _ id: Ring.MessageID, from: Int, _ run: Int, _ sender: ServerLife, to: Int,
        meant: ServerLife?
    ) {
        if servers[to].hasVanished { return }
        guard let back = network.stream(from: to, to: from) else { return }
        guard let life = servers[to].answeringLife else {
            return schedule(.deadline(from, run: run, id, .refused), after: back)
        }
        if let meant, meant != life {
            return schedule(.deadline(from, run: run, id, .answeredBy(life)), after: back)
        }
        // One that is not in the ring yet has nobody to take it.
        guard servers[to].process == .up else {
            return schedule(.deadline(from, run: run, id, .timedOut), after: back)
        }
        feed(.messageReceived(message, from: sender), to: to)
        if network.duplication > 0, network.random(0...20) == 0 {
            feed(.messageReceived(message, from: sender), to: to)
        }
        schedule(.answer(from, run: run, id, by: life), after: back)
    }

    private mutating func watch(_ life: ServerLife, at endpoint: Endpoint, from index: Int) {
        let closed = Happening.event(index, run: servers[index].run, .connectionClosed(life))
        if let target = place(of: endpoint), network.refuses(index, target) {
            return schedule(closed, after: network.transit(index, target) * 2)
        }
        guard let target = place(of: endpoint), !servers[target].hasVanished,
            let time = network.stream(from: index, to: target)
        else { return schedule(closed, after: .seconds(1)) }
        if servers[target].answeringLife == life {
            servers[index].watching[life] = target
        } else {
            schedule(closed, after: time + time)
        }
    }

    private mutating func dial(_ life: ServerLife, at endpoint: Endpoint, within limit: Duration, from index: Int) {
        let run = servers[index].run
        var result = Ring.DialResult.timedOut
        var time = limit
        if let target = place(of: endpoint), !servers[target].hasVanished,
            let there = arrival(from: index, to: target), there + there < limit
        {
            switch servers[target].process {
            case .down, .opening: (result, time) = (.refused, there + there)
            case .starting, .up: (result, time) = (.answered(servers[target].answeringLife), there + there)
            case .paused: break
            }
        }
        if let target = place(of: endpoint), network.refuses(index, target) {
            (result, time) = (.refused, network.transit(index, target) * 2)
        }
        schedule(.event(index, run: run, .dialEnded(life, result)), after: time)
    }

    /// How long it takes until a process answers a dial, half of it the way there.
    private mutating func arrival(from index: Int, to target: Int) -> Duration? {
        guard let way = network.stream(from: index, to: target) else { return nil }
        guard let lateness = servers[target].lateness else { return way }
        return way + .nanoseconds(network.random(0...lateness.nanoseconds) / 2)
    }

    private mutating func note(_ observation: Ring.Observation, of index: Int) {
        notes.append(Note(time: now, server: index, observation: observation))
        if case .becameManager(let alert) = observation { noteManager(alert, index) }
    }
}
