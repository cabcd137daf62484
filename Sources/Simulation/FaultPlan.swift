import Model
import Ring

/// Random bad days for a small world: faults for a while, then quiet. One seed is one plan.
package struct FaultPlan {
    /// How many servers, and for how long the faults go on.
    package let servers: Int
    package let seconds: Int
    private var generator: SeededGenerator

    package init(seed: UInt64, servers: Int? = nil, seconds: Int = 12) {
        generator = SeededGenerator(seed: seed ^ 0x5EED_FA17)
        self.servers = servers ?? Int.random(in: 3...7, using: &generator)
        self.seconds = seconds
    }

    /// Starts the servers, plays the faults, mends everything, and starts again most of those that are down.
    package mutating func play(in world: inout RingWorld) {
        for _ in 0..<servers {
            world.start(world.addServer(), after: .milliseconds(Int64.random(in: 0...500, using: &generator)))
        }
        world.run(for: .seconds(3))
        setWeather(&world)
        let end = world.now + .seconds(seconds)
        while world.now < end {
            strike(&world)
            world.run(for: .milliseconds(Int64.random(in: 20...2_500, using: &generator)))
        }
        calm(&world)
    }

    private mutating func setWeather(_ world: inout RingWorld) {
        world.network.loss = Double(Int.random(in: 0...10, using: &generator)) / 100
        world.network.duplication = Double(Int.random(in: 0...5, using: &generator)) / 100
        world.network.jitter = .milliseconds(Int64.random(in: 1...30, using: &generator))
    }

    private mutating func strike(_ world: inout RingWorld) {
        let victim = Int.random(in: 0..<servers, using: &generator)
        let other = Int.random(in: 0..<servers, using: &generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0, 1: world.kill(victim)
        case 2:
            world.kill(victim)
            world.kill(other)
        case 3: world.vanish(victim)
        case 4, 5: startAll(&world)
        case 6: world.pause(victim)
        case 7: for index in 0..<servers { world.resume(index) }
        case 8: split(&world)
        case 9: world.network.cut(from: victim, to: other)
        case 10: world.network.deafen(victim, hosts: servers)
        default: world.network.mend()
        }
    }

    private mutating func split(_ world: inout RingWorld) {
        let parts = Int.random(in: 2...3, using: &generator)
        var groups = Array(repeating: [Int](), count: parts)
        for index in 0..<servers { groups[Int.random(in: 0..<parts, using: &generator)].append(index) }
        world.network.divide(groups)
    }

    private func startAll(_ world: inout RingWorld) {
        for index in 0..<servers where world.servers[index].process == .down { world.start(index) }
    }

    private mutating func calm(_ world: inout RingWorld) {
        world.network.mend()
        world.network.loss = 0
        world.network.duplication = 0
        world.network.jitter = .milliseconds(1)
        for index in 0..<servers {
            world.resume(index)
            if world.servers[index].process == .down, Int.random(in: 0..<3, using: &generator) > 0 {
                world.start(index)
            }
        }
        if world.servers.allSatisfy({ $0.process == .down }) { world.start(0) }
    }
}
