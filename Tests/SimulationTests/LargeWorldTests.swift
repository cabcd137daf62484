import Model
import Ring
import Simulation
import Testing

@Suite struct LargeWorldTests {
    @Test func `A thousand servers take in joins and lose one without a false death`() throws {
        var world = RingWorld(seed: 1000)
        world.addSettledRing(of: 990)
        world.run(for: .milliseconds(500))
        for _ in 0..<10 { world.start(world.addServer()) }
        let joined = world.run(within: .seconds(3)) { world in
            world.servers.allSatisfy { $0.ring?.roster.presentCount == 1_000 }
        }
        #expect(joined != nil)
        let killTime = world.now
        let victim = world.servers[500].id
        world.kill(500)
        let known = world.run(within: .seconds(1)) { world in
            world.running.allSatisfy { $0.ring?.roster[victim]?.state == .dead }
        }
        let time = try #require(known)
        #expect(time - killTime < .milliseconds(500))
        world.run(for: .seconds(2))
        let deaths = Set(
            world.notes.compactMap { note in
                if case .died(let life, _, _) = note.observation { life.id } else { nil }
            })
        #expect(deaths == [victim])
        #expect(world.count(since: killTime) { if case .becameManager = $0 { true } else { false } } == 1)
    }
}
