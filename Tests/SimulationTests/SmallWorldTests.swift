import Model
import Ring
import Simulation
import Testing

@Suite struct SmallWorldTests {
    @Test(arguments: 1...7)
    func `Servers started at the same instant form one ring in the right roles within 3 s`(count: Int) {
        var world = RingWorld(seed: UInt64(count))
        for _ in 0..<count { world.start(world.addServer()) }
        let time = world.run(within: .seconds(3)) { $0.running.count == count && $0.isOneRing && $0.hasTargetRoles }
        #expect(time != nil, "\(world.ringFaults) \(world.counts)")
    }

    @Test(arguments: 1...10)
    func `A killed server is dead everywhere well within a second`(seed: UInt64) throws {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: 5)
        world.run(for: .seconds(2))
        let start = world.now
        world.kill(Int(seed) % 5)
        let time = try #require(world.run(within: .seconds(1)) { $0.isOneRing }, "\(world.ringFaults)")
        #expect(time - start < .milliseconds(200))
        #expect(world.count { if case .cleared = $0 { true } else { false } } == 0)
    }
}
