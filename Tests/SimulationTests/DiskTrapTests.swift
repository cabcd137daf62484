import Model
import Ring
import Simulation
import Testing

/// Disks that are full, slow, or never answer.
@Suite struct DiskTrapTests {
    @Test(arguments: 1...5) func `A server that cannot store a new incarnation ends rather than use it`(seed: UInt64) {
        var world = RingWorld.long(5, seed: seed)
        world.setDisk(.full, of: 0)
        world.pause(0)
        world.run(for: .seconds(3))
        let stored = world.servers[0].disk.home.incarnation
        world.resume(0)
        #expect(world.run(within: .seconds(3)) { $0.servers[0].process == .down } != nil)
        #expect(world.run(within: .seconds(2), until: \.isOneRing) != nil, "\(world.ringFaults)")
        world.start(0)
        world.run(for: .seconds(2))
        #expect(world.servers[0].process == .down && world.servers[0].disk.home.incarnation == stored)
        world.setDisk(.fit, of: 0)
        world.start(0)
        let time = world.run(within: .seconds(3)) { $0.running.count == 5 && $0.isOneRing }
        #expect(time != nil, "\(world.ringFaults)")
    }

    @Test(arguments: 1...5) func `A full disk keeps no server from taking a role that is short`(seed: UInt64) {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        for index in 2..<5 { world.setDisk(.full, of: index) }
        world.kill(0)
        #expect(world.run(within: .seconds(2)) { $0.counts.data == 2 } != nil, "\(world.history())")
    }

    @Test(arguments: 1...5) func `A disk that never answers does not keep a role short`(seed: UInt64) throws {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        world.kill(0)
        let noted = world.runUntilNoted(within: .seconds(2)) { if case .imbalanceSent = $0 { true } else { false } }
        let note = try #require(noted)
        guard case .imbalanceSent(let order) = note.observation else { return }
        // The very server that was named.
        for index in world.order where order.takers.contains(world.servers[index].id) {
            world.setDisk(.stuck, of: index)
        }
        let start = world.now
        #expect(world.run(within: .seconds(6)) { $0.counts.data == 2 } != nil, "\(world.history(since: start))")
        for index in world.order { world.setDisk(.fit, of: index) }
        #expect(world.run(within: .seconds(60)) { $0.isOneRing && $0.hasTargetRoles } != nil, "\(world.counts)")
    }

    @Test(arguments: 1...5) func `A server whose disk never answers is dead to the others until it does`(seed: UInt64) {
        var world = RingWorld.long(5, seed: seed)
        world.setDisk(.stuck, of: 0)
        world.pause(0)
        world.run(for: .seconds(3))
        world.resume(0)
        world.run(for: .seconds(10))
        let others = world.running.filter { $0.index != 0 }
        #expect(others.allSatisfy { $0.ring?.roster[world.servers[0].id]?.state == .dead })
        world.setDisk(.fit, of: 0)
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test(arguments: 1...5) func `A slow disk delays a role and spoils nothing`(seed: UInt64) {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        let start = world.now
        for index in 0..<5 { world.setDisk(.slow(.milliseconds(1_500)), of: index) }
        world.kill(1)
        #expect(world.run(within: .seconds(5)) { $0.counts.data == 2 } != nil, "\(world.history(since: start))")
        world.run(for: .seconds(10))
        #expect(world.switches(since: start) == 1, "\(world.history(since: start))")
    }

    @Test(arguments: 1...10) func `Power that fails while an incarnation is written spoils nothing`(seed: UInt64) {
        var world = RingWorld.long(4, seed: seed)
        world.setDisk(.slow(.milliseconds(50)), of: 0)
        world.pause(0)
        world.run(for: .seconds(3))
        world.resume(0)
        world.run(for: .milliseconds(10 * Int64(seed)))
        world.vanish(0)
        world.run(for: .milliseconds(500))
        world.start(0)
        #expect(world.run(within: .seconds(3)) { $0.running.count == 4 && $0.isOneRing } != nil, "\(world.ringFaults)")
    }
}
