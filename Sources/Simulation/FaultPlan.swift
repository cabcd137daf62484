internal import Model
internal import Registry
internal import Ring

/// Random bad days for a small world: faults for a while, then quiet. One seed is one plan.
package struct FaultPlan {
    /// How many servers and registries, and for how long the faults go on.
    package let servers: Int
    package let registries: Int
    package let seconds: Int
    var generator: SeededGenerator

    package init(seed: UInt64, servers: Int? = nil, seconds: Int = 12) {
        generator = SeededGenerator(seed: seed ^ 0x5EED_FA17)
        self.servers = servers ?? Int.random(in: 3...7, using: &generator)
        registries = [1, 1, 2, 2, 3][Int.random(in: 0..<5, using: &generator)]
        self.seconds = seconds
    }

    /// Starts the servers, plays the faults, mends everything, and starts again most of those that are down.
    package mutating func play(in world: inout RingWorld) {
        for _ in 0..<servers {
            world.start(world.addServer(), after: milliseconds(0...500))
        }
        world.run(for: .seconds(3))
        setWeather(&world)
        let end = world.now + .seconds(seconds)
        while world.now < end {
            strike(&world)
            world.run(for: milliseconds(20...2_500))
        }
        calm(&world)
    }

    private mutating func setWeather(_ world: inout RingWorld) {
        world.network.loss = Double(Int.random(in: 0...10, using: &generator)) / 100
        world.network.duplication = Double(Int.random(in: 0...5, using: &generator)) / 100
        world.network.jitter = milliseconds(1...30)
    }

    private mutating func strike(_ world: inout RingWorld) {
        let victim = index(servers)
        switch index(24) {
        case 0, 1, 2: world.kill(victim)
        case 3:
            world.kill(victim)
            world.kill(index(servers))
        case 4, 5: world.vanish(victim)
        case 6, 7, 8, 9: startAll(&world)
        case 10, 11: world.pause(victim)
        case 12, 13: for index in 0..<servers { world.resume(index) }
        case 14...18: strikeNetwork(victim, &world)
        case 19, 20: strikeHost(victim, &world)
        case 21: strikeRegistry(&world)
        default: mend(&world)
        }
    }

    private mutating func strikeNetwork(_ victim: Int, _ world: inout RingWorld) {
        let other = index(servers)
        switch index(8) {
        case 0, 1: split(&world)
        case 2: world.network.cut(from: victim, to: other)
        case 3: world.network.deafen(victim, hosts: servers)
        case 4: for host in 0..<servers where host != victim { world.network.cut(from: victim, to: host) }
        case 5: world.network.losses[victim] = Double(Int.random(in: 10...80, using: &generator)) / 100
        case 6: world.network.delays[victim] = milliseconds(1...150)
        default: if victim != other { world.refuse(victim, other) }
        }
    }

    private mutating func strikeHost(_ victim: Int, _ world: inout RingWorld) {
        switch index(6) {
        case 0: world.setDisk(.full, of: victim)
        case 1: world.setDisk(.stuck, of: victim)
        case 2: world.setDisk(.slow(milliseconds(10...3_000)), of: victim)
        case 3: world.overload(victim, by: milliseconds(50...2_000))
        case 4: world.stepClock(of: victim, by: .seconds(Int64.random(in: -1_800_000_000...3_600, using: &generator)))
        default: world.leave(victim, after: milliseconds(0...2_000))
        }
    }

    private mutating func strikeRegistry(_ world: inout RingWorld) {
        guard !world.registries.isEmpty else { return }
        let victim = index(world.registries.count)
        switch index(4) {
        case 0: world.killRegistry(victim)
        case 1: world.pauseRegistry(victim)
        case 2: world.startRegistry(victim)
        default: for server in 0..<servers where index(2) == 0 { world.cut(server, fromRegistry: victim) }
        }
    }

    private mutating func split(_ world: inout RingWorld) {
        let parts = Int.random(in: 2...3, using: &generator)
        var groups = Array(repeating: [Int](), count: parts)
        for host in 0..<servers { groups[index(parts)].append(host) }
        for registry in world.registries { groups[index(parts)].append(registry.host) }
        world.network.divide(groups)
    }

    private func startAll(_ world: inout RingWorld) {
        for index in 0..<servers where world.servers[index].process == .down { world.start(index) }
    }

    /// Hosts are as they were; who is down stays down.
    private func mend(_ world: inout RingWorld) {
        world.network.mend()
        world.network.losses = [:]
        world.network.delays = [:]
        for index in 0..<servers {
            world.setDisk(.fit, of: index)
            world.overload(index, by: nil)
        }
        for index in world.registries.indices {
            world.resumeRegistry(index)
            world.startRegistry(index)
        }
    }

    private mutating func calm(_ world: inout RingWorld) {
        mend(&world)
        world.network.calm()
        for server in 0..<servers {
            world.resume(server)
            if world.servers[server].process == .down, index(3) > 0 { world.start(server) }
        }
        if world.servers.allSatisfy({ $0.process == .down }) { world.start(0) }
    }

    private mutating func index(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    private mutating func milliseconds(_ range: ClosedRange<Int64>) -> Duration {
        .milliseconds(Int64.random(in: range, using: &generator))
    }
}

extension RingWorld {
    /// Cuts the path between a server and a registry.
    package mutating func cut(_ server: Int, fromRegistry registry: Int) {
        network.cut(from: server, to: SimulatedRegistry.host(registry))
    }
}
