import Model
import Registry
import Ring
import Simulation
import Testing

/// What clients hear of the ring from its registries.
@Suite struct RegistryWorldTests {
    private static func settled(_ count: Int, registries: Int = 2, seed: UInt64 = 1) -> RingWorld {
        var world = RingWorld(seed: seed, registries: registries)
        world.addSettledRing(of: count)
        world.run(for: .seconds(4))
        return world
    }

    @Test func `Every registry names the live servers of both roles`() {
        let world = RegistryWorldTests.settled(5)
        for registry in 0..<2 {
            for role in Role.allCases { #expect(world.listed(role, by: registry) == world.addresses(of: role)) }
        }
    }

    @Test(arguments: 1...5) func `A killed server has no name after 300 ms`(seed: UInt64) {
        var world = RegistryWorldTests.settled(5, seed: seed)
        let victim = Int(seed) % 5
        let address = world.servers[victim].endpoint.host
        world.kill(victim)
        let gone = world.run(within: .milliseconds(300)) { world in
            (0..<2).allSatisfy { registry in
                Role.allCases.allSatisfy { world.listed($0, by: registry)?.contains(address) == false }
            }
        }
        #expect(gone != nil)
    }

    @Test func `A registry started empty says that it does not know, and is full within one renewal`() {
        var world = RegistryWorldTests.settled(5, registries: 1)
        world.killRegistry(0)
        world.run(for: .seconds(20))
        #expect(world.answer("data.rondo") == nil)
        world.startRegistry(0)
        #expect(world.answer("data.rondo")?.code == .serverFailure)
        var empty = 0
        let full = world.run(within: .seconds(3)) { world in
            empty += world.answer("data.rondo").map { $0.code == .noError && $0.addresses.isEmpty } == true ? 1 : 0
            return Role.allCases.allSatisfy { world.listed($0) == world.addresses(of: $0) }
        }
        #expect(full != nil)
        #expect(empty == 0)
    }

    @Test func `A server that leaves has no name at once`() {
        var world = RegistryWorldTests.settled(5)
        let address = world.servers[0].endpoint.host
        world.leave(0, after: .milliseconds(500))
        world.run(for: .milliseconds(600))
        #expect((0..<2).allSatisfy { world.listed(.data, by: $0)?.contains(address) == false })
    }
}
