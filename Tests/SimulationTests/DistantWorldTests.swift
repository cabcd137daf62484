import Model
import Ring
import Simulation
import Testing

/// Rings whose servers are far from each other: 100 to 200 ms there and back, and 5 % of the packets lost.
@Suite struct DistantWorldTests {
    private static func distant(_ count: Int, seed: UInt64) -> RingWorld {
        var world = RingWorld.long(count, seed: seed)
        stretch(&world)
        return world
    }

    private static func stretch(_ world: inout RingWorld) {
        world.network.delay = .milliseconds(50)
        world.network.jitter = .milliseconds(50)
        world.network.loss = 0.05
        world.network.duplication = 0.05
    }

    private static func launches(_ world: RingWorld, since time: MonotonicTime) -> Int {
        world.count(since: time) { if case .alertLaunched = $0 { true } else { false } }
    }

    /// Connections break now and then, so that every server asks the others about a neighbour that lives.
    @Test(arguments: 1...3) func `A distant ring with breaking connections kills nobody in five minutes`(
        seed: UInt64
    ) {
        var world = DistantWorldTests.distant(5, seed: seed)
        let start = world.now
        for second in 0..<300 {
            world.run(for: .seconds(1))
            world.refuse(second % 5, (second + 1 + second / 5 % 4) % 5)
            world.network.mend()
        }
        #expect(world.deaths(since: start) == 0, "\(world.history(since: start))")
        #expect(DistantWorldTests.launches(world, since: start) == 0)
        #expect(world.switches(since: start) == 0)
        #expect(world.violations.isEmpty, "\(world.violations)")
    }

    @Test(arguments: [3, 5, 10], 1...3) func `A kill in a distant ring is one round and no storm`(
        count: Int, seed: UInt64
    ) throws {
        var world = DistantWorldTests.distant(count, seed: seed)
        world.run(for: .seconds(20))
        let start = world.now
        let victim = world.holders(of: .data)[0]
        let dead = world.servers[victim].id
        world.kill(victim)
        let known = world.run(within: .seconds(5)) { world in
            world.running.allSatisfy { $0.ring?.roster[dead].map { !$0.isPresent } ?? true }
        }
        #expect(try #require(known) - start < .seconds(2), "\(world.history(since: start))")
        world.run(for: .seconds(10))
        // Both of its observers may find it, and one lost hop costs one round more.
        #expect(DistantWorldTests.launches(world, since: start) <= 4, "\(world.history(since: start))")
        for note in world.notes where note.time >= start {
            guard case .died(let life, _, _) = note.observation else { continue }
            #expect(life.id == dead, "\(note)")
        }
        #expect(world.run(within: .seconds(10), until: \.isOneRing) != nil, "\(world.ringFaults)")
        #expect(world.violations.isEmpty, "\(world.violations)")
    }

    @Test(arguments: 1...3) func `A distant server that is cut off is dead within 3 s, and nobody else`(
        seed: UInt64
    ) throws {
        var world = DistantWorldTests.distant(5, seed: seed)
        world.run(for: .seconds(20))
        let (start, lost) = (world.now, world.servers[2].id)
        world.vanish(2)
        let known = world.run(within: .seconds(6)) { world in
            world.running.allSatisfy { $0.ring?.roster[lost].map { !$0.isPresent } ?? true }
        }
        #expect(try #require(known) - start < .seconds(3), "\(world.history(since: start))")
        world.run(for: .seconds(20))
        for note in world.notes where note.time >= start {
            guard case .died(let life, _, _) = note.observation else { continue }
            #expect(life.id == lost, "\(note)")
        }
        #expect(DistantWorldTests.launches(world, since: start) <= 6, "\(world.history(since: start))")
    }

    /// They have never met, so nothing is measured when they begin.
    @Test(arguments: 1...3) func `Five distant servers become one ring with the right roles`(seed: UInt64) {
        var world = RingWorld(seed: seed)
        DistantWorldTests.stretch(&world)
        for _ in 0..<5 { world.start(world.addServer()) }
        #expect(world.run(within: .seconds(30), until: \.isOneRing) != nil, "\(world.ringFaults)")
        let start = world.now
        world.run(for: .seconds(60))
        #expect(world.deaths(since: start) == 0, "\(world.history(since: start))")
        #expect(world.hasTargetRoles, "\(world.counts)")
    }

    /// Too far for any limit: every hop fails, everyone takes the round over from everyone.
    @Test(arguments: 1...3) func `Where no hop is acknowledged in time a round ends all the same`(seed: UInt64) {
        var world = RingWorld.long(5, seed: seed)
        let start = world.now
        world.kill(0)
        world.network.delay = .milliseconds(1_200)
        world.run(for: .seconds(30))
        let launches = DistantWorldTests.launches(world, since: start)
        #expect(launches <= 80, "\(launches)")
        world.network.calm()
        world.network.delay = .microseconds(300)
        #expect(world.run(within: .seconds(10), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }
}
