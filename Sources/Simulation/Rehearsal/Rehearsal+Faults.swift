import Model
import Ring

// What is done to the cluster, and undone.
extension Rehearsal {
    private mutating func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// Does one of the faults that are allowed now.
    mutating func strike() {
        let isCut = watch.spells.keys.contains(where: \.cutsPaths)
        let open = settings.faults.sorted { $0.rawValue < $1.rawValue }.filter {
            watch.spells[$0] == nil && !($0.cutsPaths && isCut)
        }
        guard let fault = open.randomElement(using: &generator) else { return }
        switch fault {
        case .kill, .power, .pause: strikeServers(fault)
        case .partition: split()
        case .oneWay: cutOneWay()
        case .firewall: refuse()
        case .overload: overload()
        case .loss: lose()
        case .delay: delay()
        case .registry: killRegistry()
        }
    }

    private mutating func strikeServers(_ fault: FaultKind) {
        let running = world.running.filter { $0.process == .up }
        guard running.count >= 3 else { return }
        let first = random(0...running.count - 1)
        let isPair = fault == .kill && running.count >= 5 && random(0...3) == 0
        let victims = isPair ? [running[first], running[(first + 1) % running.count]] : [running[first]]
        let names = victims.map { name($0.index) }.joined(separator: " and ")
        let roles = victims.compactMap { $0.ring?.own.role.name }.joined(separator: " and ")
        let hadRoles = world.hasMinimumRoles
        let lives = victims.compactMap(\.life)
        for victim in victims { strike(victim.index, with: fault) }
        let text = "\(deed(fault)) \(names) (\(roles))"
        for victim in victims { note(.fault, places[victim.index], text) }
        observeConditions()
        open(fault, text, lives, needsRoles: hadRoles && !world.hasMinimumRoles)
    }

    private func deed(_ fault: FaultKind) -> String {
        switch fault {
        case .power: "no more power for"
        case .pause: "SIGSTOP to"
        default: "kill -9 of"
        }
    }

    private mutating func strike(_ index: Int, with fault: FaultKind) {
        switch fault {
        case .power: world.vanish(index)
        case .pause: world.pause(index)
        default: world.kill(index)
        }
        let run = world.servers[index].run
        guard fault == .pause else {
            return later(3_000...8_000) { rehearsal in
                guard rehearsal.world.servers[index].run == run else { return }
                rehearsal.startAgain(index)
            }
        }
        later(250...10_000) { rehearsal in
            guard rehearsal.world.servers[index].run == run else { return }
            rehearsal.goOn(index)
        }
    }

    private mutating func startAgain(_ index: Int) {
        guard world.servers[index].process == .down else { return }
        world.start(index)
        note(.recovery, places[index], "\(name(index)) is started again")
    }

    private mutating func goOn(_ index: Int) {
        guard world.servers[index].process == .paused else { return }
        world.resume(index)
        note(.recovery, places[index], "SIGCONT to \(name(index))")
    }

    private mutating func split() {
        let parts = world.servers.count >= 5 ? random(2...3) : 2
        var groups = Array(repeating: [Int](), count: parts)
        for server in world.servers { groups[random(0...parts - 1)].append(server.index) }
        groups.removeAll(where: \.isEmpty)
        guard groups.count > 1 else { return }
        world.network.divide(groups)
        let places = groups.map { $0.map { self.places[$0] }.sorted() }
        let sides = places.map { $0.count > 12 ? "\($0.count) servers" : $0.map { "\($0 + 1)" }.joined(separator: " ") }
        begin(
            .partition, "the network is cut: \(sides.joined(separator: " | "))", groups: places, for: 2_000...8_000)
    }

    private mutating func cutOneWay() {
        guard let (one, other) = pair() else { return }
        if random(0...2) == 0 {
            world.network.deafen(one, hosts: world.servers.count)
            begin(.oneWay, "\(name(one)) hears nobody, all hear it", for: 2_000...6_000)
        } else {
            world.network.cut(from: one, to: other)
            begin(.oneWay, "nothing gets from \(name(one)) to \(name(other))", for: 2_000...6_000)
        }
    }

    /// Two different servers; one alone has nobody to be cut off from.
    private mutating func pair() -> (Int, Int)? {
        guard world.servers.count > 1 else { return nil }
        let one = random(0...world.servers.count - 1)
        return (one, (one + random(1...world.servers.count - 1)) % world.servers.count)
    }

    private mutating func refuse() {
        guard let (one, other) = pair() else { return }
        world.refuse(one, other)
        begin(.firewall, "a firewall between \(name(one)) and \(name(other))", for: 2_000...6_000)
    }

    private mutating func overload() {
        let index = random(0...world.servers.count - 1)
        let most = random(50...400)
        world.overload(index, by: .milliseconds(most))
        begin(.overload, "\(name(index)) is up to \(most) ms late with everything", for: 2_000...6_000)
    }

    private mutating func lose() {
        let percent = random(5...30)
        world.network.loss = Double(percent) / 100
        begin(.loss, "\(percent) % of the packets are lost", for: 2_000...6_000)
    }

    private mutating func delay() {
        let most = random(20...100)
        world.network.jitter = .milliseconds(most)
        begin(.delay, "packets are up to \(most) ms late", for: 2_000...6_000)
    }

    private mutating func killRegistry() {
        world.killRegistry(0)
        begin(.registry, "kill -9 of the registry", for: 2_000...6_000)
    }

    private mutating func begin(_ fault: FaultKind, _ text: String, groups: [[Int]] = [], for range: ClosedRange<Int64>)
    {
        note(.fault, nil, text)
        watch.spells[fault] = chronicle.spells.count
        chronicle.spells.append(Chronicle.Spell(start: world.now, end: world.now, text: text, groups: groups))
        disturb()
        later(range) { $0.end(fault) }
    }

    /// Everything is as it should be again, as far as this fault goes.
    mutating func end(_ fault: FaultKind) {
        guard let spell = watch.spells.removeValue(forKey: fault) else { return }
        chronicle.spells[spell].end = world.now
        switch fault {
        case .partition, .oneWay, .firewall: world.network.mend()
        case .overload: for index in world.servers.indices { world.overload(index, by: nil) }
        case .loss: world.network.loss = 0
        case .delay: world.network.jitter = .milliseconds(1)
        case .registry: world.startRegistry(0)
        case .kill, .power, .pause: return
        }
        note(.recovery, nil, "\(ending(fault))")
        if fault.cutsPaths { open(fault, ending(fault), [], needsRoles: false) }
    }

    private func ending(_ fault: FaultKind) -> String {
        switch fault {
        case .partition: "the network is whole again"
        case .oneWay: "all directions are open again"
        case .firewall: "no firewall any more"
        case .overload: "no server is late any more"
        case .loss: "no packet is lost any more"
        case .delay: "packets are fast again"
        default: "the registry is started again, empty"
        }
    }

    /// Ends all faults, and waits for the ring to get over them.
    mutating func calm(_ progress: (MonotonicTime) -> Void) {
        endings = []
        note(.recovery, nil, "quiet: all faults end, all servers run again")
        for fault in FaultKind.allCases { end(fault) }
        for server in world.servers {
            goOn(server.index)
            startAgain(server.index)
        }
        chronicle.quietSince = world.now
        let isSmall = world.servers.count <= Rehearsal.smallWorld
        let limit: Duration = isSmall ? .seconds(6) : .seconds(20)
        guard pass(within: limit, progress, until: { $0.allRun && $0.isWhole }) else {
            return breakRule("not one ring \(limit.seconds) s after the last fault: \(whyNotWhole)")
        }
        note(.recovery, nil, "one ring again, \((world.now - chronicle.quietSince).text) after the last fault")
        let deaths = watch.deaths
        settle(isSmall, progress)
        if watch.deaths > deaths { breakRule("\(watch.deaths - deaths) servers were declared dead in quiet") }
    }

    /// From one ring to the right roles and the right names.
    private mutating func settle(_ isSmall: Bool, _ progress: (MonotonicTime) -> Void) {
        if !pass(within: .seconds(6), progress, until: { $0.world.hasMinimumRoles || $0.world.hasDampedServers }) {
            breakRule("a role is still short in quiet: \(words(world.counts))")
        }
        if isSmall, !pass(within: .seconds(90), progress, until: \.world.hasTargetRoles) {
            breakRule("the roles are not 2:3 in quiet: \(words(world.counts))")
        }
        _ = pass(within: .seconds(12), progress) { _ in false }
        if !isWhole { breakRule("the ring fell apart in quiet: \(whyNotWhole)") }
        note(.recovery, nil, "roles: \(words(world.counts))")
        // A report of a death may have been lost: then the lease has to run out.
        if world.servers.count <= 500, !pass(within: .seconds(14), progress, until: \.world.nameFaults.isEmpty) {
            breakRule("the registry does not name exactly the live servers: \(world.nameFaults)")
        }
    }
}

extension Duration {
    var seconds: Int64 { components.seconds }

    /// `2.4 ms`, `812 ms`, `1.42 s`.
    package var text: String {
        let micros = nanoseconds / 1_000
        if micros < 10_000 { return "\(micros / 1_000).\(micros / 100 % 10) ms" }
        if micros < 1_000_000 { return "\(micros / 1_000) ms" }
        let hundredths = micros / 10_000 % 100
        return "\(micros / 1_000_000).\(hundredths < 10 ? "0" : "")\(hundredths) s"
    }
}
