import Model
import Ring
import Simulation
import Testing

/// Splits of every shape: afterwards one ring with one roster, and registries that know it, without an operator.
@Suite struct PartitionTests {
    /// Heals and measures until the ring is one and the names are right.
    private static func healed(_ world: inout RingWorld, within limit: Duration = .seconds(2)) -> Bool {
        world.network.mend()
        return world.run(within: limit) { $0.isOneRing && $0.nameFaults.isEmpty } != nil
    }

    private static func story(_ world: RingWorld) -> String { "\(world.ringFaults) \(world.nameFaults)" }

    /// The registry is on the first side.
    @Test(arguments: [4, 10, 30]) func `Halves are one ring with right names within 2 s`(count: Int) {
        var world = RingWorld.long(count, seed: UInt64(count))
        world.network.divide([Array(0..<count / 2), Array(count / 2..<count)])
        world.run(for: .seconds(30))
        let start = world.now
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
        world.run(for: .seconds(3))
        #expect(world.deaths(since: start) == 0, "\(world.history(since: start))")
    }

    /// No registry introduces the halves to each other: they meet because the dead are pinged.
    @Test(arguments: [4, 10, 30]) func `Halves that no registry introduces meet within 2 s`(count: Int) {
        var world = RingWorld(seed: UInt64(count), registries: 0)
        world.addSettledRing(of: count)
        world.run(for: .seconds(2))
        world.network.divide([Array(0..<count / 2), Array(count / 2..<count)])
        world.run(for: .seconds(30))
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
    }

    @Test(arguments: 1...4) func `Three sides are one ring within 2 s`(seed: UInt64) {
        var world = RingWorld.long(10, seed: seed)
        world.network.divide([[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]])
        world.run(for: .seconds(30))
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
    }

    @Test(arguments: [3, 5, 10]) func `One against the rest is one ring within 2 s`(count: Int) {
        var world = RingWorld.long(count, seed: UInt64(count))
        world.network.divide([Array(1..<count), [0]])
        world.run(for: .seconds(30))
        #expect(world.isWhole([0]))
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
    }

    /// What one side sends arrives, and what the other sends does not.
    @Test(arguments: 1...4) func `Sides of which only one hears the other are one ring within 2 s`(seed: UInt64) {
        var world = RingWorld.long(8, seed: seed)
        for from in 0..<4 { for to in 4..<8 { world.network.cut(from: from, to: to) } }
        world.run(for: .seconds(30))
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
    }

    @Test(arguments: 1...4) func `A cable that comes and goes every second leaves one ring within 2 s`(seed: UInt64) {
        var world = RingWorld.long(7, seed: seed)
        for _ in 0..<20 {
            world.network.divide([[0, 1, 2, 3], [4, 5, 6]])
            world.run(for: .milliseconds(1_100))
            world.network.mend()
            world.run(for: .milliseconds(900))
        }
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
        #expect(world.run(within: .seconds(400), until: \.hasTargetRoles) != nil, "\(world.counts)")
        #expect(world.violations.isEmpty, "\(world.violations)")
    }

    /// The side without a Router, or with one Data server, gives itself what it lacks, and all is right again later.
    @Test(arguments: 1...4) func `Minutes apart with role changes on both sides end in one ring with the right roles`(
        seed: UInt64
    ) throws {
        var world = ScenarioTests.settled([.data, .data, .data, .router, .router, .router, .router], seed: seed)
        let data = world.holders(of: .data)
        let routers = world.holders(of: .router)
        world.network.divide([data, routers])
        world.run(for: .seconds(30))
        world.kill(data[0])
        world.run(for: .seconds(150))
        #expect(world.switches() >= 2)
        let healTime = world.now
        let isHealed = PartitionTests.healed(&world)
        #expect(isHealed, "\(PartitionTests.story(world))")
        #expect(world.run(within: .seconds(60), until: \.hasTargetRoles) != nil, "\(world.counts)")
        #expect(world.deaths(since: healTime) == 0, "\(world.history(since: healTime))")
        #expect(world.violations.isEmpty, "\(world.violations)")
    }
}
