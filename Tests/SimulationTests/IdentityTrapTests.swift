import Model
import Registry
import Ring
import Simulation
import Testing

/// Who is who: addresses that are used again, ids that are there twice, homes that are older than they should be,
/// clocks that are wrong.
@Suite struct IdentityTrapTests {
    @Test(arguments: 1...5) func `An address that another server takes over leads to that one alone`(seed: UInt64) {
        var world = RingWorld.long(5, seed: seed)
        let old = world.servers[0].id
        let address = world.servers[0].endpoint
        world.vanish(0)
        let new = world.addServer()
        world.move(new, to: address)
        world.start(new, after: .milliseconds(200))
        let time = world.run(within: .seconds(3)) { $0.running.count == 5 && $0.isOneRing }
        #expect(time != nil, "\(world.ringFaults)")
        #expect(world.running.allSatisfy { $0.ring?.roster[old]?.state == .dead })
        #expect(world.run(within: .seconds(12)) { $0.nameFaults.isEmpty } != nil, "\(world.nameFaults)")
        #expect(world.answer("\(old).server.rondo")?.addresses == [])
    }

    @Test(arguments: 1...8) func `Of two processes with one id one stops`(seed: UInt64) {
        var world = ScenarioTests.settled([.data, .data, .router, .router], seed: seed)
        let twin = world.cloneServer(0)
        world.start(twin)
        let time = world.run(within: .seconds(5)) { world in
            world.running.count { $0.id == world.servers[0].id } == 1 && world.isOneRing
        }
        #expect(time != nil, "\(world.ringFaults) \(world.history())")
        world.run(for: .seconds(10))
        #expect(world.isOneRing && world.running.count == 4)
    }

    @Test(arguments: 1...8) func `Of two servers from one cloned volume, started at once, one stays`(seed: UInt64) {
        var world = ScenarioTests.settled([.data, .data, .router, .router], seed: seed)
        world.kill(0)
        world.run(for: .seconds(1))
        let twin = world.cloneServer(0)
        world.start(0)
        world.start(twin)
        let time = world.run(within: .seconds(8)) { world in
            world.running.count { $0.id == world.servers[0].id } == 1 && world.isOneRing
        }
        #expect(time != nil, "\(world.ringFaults) \(world.history())")
    }

    @Test(arguments: 1...5) func `A home from an old backup comes back with an incarnation above all that were seen`(
        seed: UInt64
    ) {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        let backup = world.servers[0].disk.home
        for _ in 0..<4 {
            world.kill(0)
            world.run(for: .seconds(1))
            world.start(0)
            world.run(for: .seconds(2))
        }
        let last = world.servers[0].ring?.own.incarnation ?? Incarnation(0)
        world.kill(0)
        world.run(for: .seconds(1))
        world.restore(backup, to: 0)
        world.start(0)
        let time = world.run(within: .seconds(3)) { $0.running.count == 5 && $0.isOneRing }
        #expect(time != nil, "\(world.ringFaults)")
        #expect(world.servers[0].ring.map { $0.own.incarnation > last } == true)
        #expect(world.servers[0].disk.home.incarnation > last)
    }

    @Test(arguments: 1...5) func `A host that loses power and is back before anyone noticed is known in its new life`(
        seed: UInt64
    ) {
        // The connections of its observers are half open: they lead to nobody.
        var world = RingWorld.long(5, seed: seed)
        world.vanish(0)
        world.start(0, after: .milliseconds(300))
        let time = world.run(within: .seconds(2)) { $0.running.count == 5 && $0.isOneRing }
        #expect(time != nil, "\(world.ringFaults)")
        world.run(for: .seconds(5))
        #expect(world.isOneRing)
        #expect(world.deaths() <= 2)
    }

    /// Machines are given monotonic time alone, and every host's begins elsewhere: the wall clock changes nothing.
    @Test func `Clocks that jump an hour or say 1970 change no history`() {
        func trace(_ step: Duration) -> UInt64 {
            var world = RingWorld.long(5, seed: 70)
            for index in 0..<5 { world.stepClock(of: index, by: step * (index + 1)) }
            world.kill(1)
            world.run(for: .seconds(5))
            world.start(1)
            world.run(for: .seconds(20))
            return world.trace
        }
        let plain = trace(.zero)
        #expect(trace(.seconds(3_600)) == plain)
        #expect(trace(.seconds(-1_800_000_000)) == plain)
    }

    @Test func `After a weekend away a server comes back alone, and brings none of the forgotten dead`() {
        var configuration = Ring.Configuration()
        // A weekend in four minutes: the dead are forgotten after one.
        configuration.deadMemory = .seconds(60)
        var world = RingWorld(seed: 60, configuration: configuration)
        world.addSettledRing(of: 6)
        world.run(for: .seconds(2))
        world.kill(0)
        world.run(for: .seconds(5))
        let gone = world.servers[1].id
        world.kill(1)
        world.run(for: .seconds(240))
        #expect(world.running.allSatisfy { $0.ring?.roster[gone] == nil })
        world.start(0)
        let time = world.run(within: .seconds(3)) { $0.running.count == 5 && $0.isOneRing }
        #expect(time != nil, "\(world.ringFaults)")
        world.run(for: .seconds(10))
        #expect(world.running.allSatisfy { $0.ring?.roster[gone] == nil })
    }
}
