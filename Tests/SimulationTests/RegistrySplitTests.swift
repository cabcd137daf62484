import Model
import Registry
import Ring
import Simulation
import Testing

/// Several registries under faults: one map, whatever happens between them.
@Suite struct RegistrySplitTests {
    private static func settled(_ count: Int, registries: Int, seed: UInt64 = 1) -> RingWorld {
        var world = RingWorld(seed: seed, registries: registries)
        world.addSettledRing(of: count)
        world.run(for: .seconds(4))
        return world
    }

    @Test(arguments: 1...5)
    func `A split of ring and registries ends within 2 s with one map, and no role is ever empty`(
        seed: UInt64
    ) {
        var world = Self.settled(7, registries: 2, seed: seed)
        world.network.divide([[0, 2, 4, 6, SimulatedRegistry.host(0)], [1, 3, 5, SimulatedRegistry.host(1)]])
        var empty = 0
        _ = world.run(within: .seconds(30)) { world in
            empty += world.empties
            return false
        }
        world.network.mend()
        let healed = world.run(within: .seconds(2)) { world in
            empty += world.empties
            return world.registriesAreRight
        }
        #expect(healed != nil)
        world.run(for: .seconds(20))
        #expect(world.registriesAreRight)
        #expect(empty == 0)
    }

    @Test func `With all registries but one dead names go on, and the dead leave them within 300 ms`() {
        var world = Self.settled(7, registries: 3)
        for registry in 0...1 { world.killRegistry(registry) }
        world.run(for: .milliseconds(50))
        #expect(world.answer("registry.rondo", from: 2)?.addresses.count == 1)
        world.run(for: .seconds(30))
        #expect(world.registriesAreRight)
        let address = world.servers[3].endpoint.host
        world.kill(3)
        let gone = world.run(within: .milliseconds(300)) { world in
            Role.allCases.allSatisfy { world.listed($0, by: 2)?.contains(address) == false }
        }
        #expect(gone != nil)
        world.startRegistry(0)
        #expect(world.answer("data.rondo", from: 0)?.code == .serverFailure)
        #expect(world.run(within: .milliseconds(200)) { $0.registriesAreRight } != nil)
    }

    @Test func `With all registries dead the ring goes on, and one that starts empty is right after a renewal`() {
        var world = Self.settled(5, registries: 3)
        for registry in 0..<3 { world.killRegistry(registry) }
        world.run(for: .seconds(30))
        world.kill(1)
        world.run(for: .seconds(2))
        #expect(world.running.allSatisfy { $0.ring?.roster.presentCount == 4 })
        world.startRegistry(1)
        var empty = 0
        let full = world.run(within: .seconds(4)) { world in
            empty += world.empties
            return world.registriesAreRight
        }
        #expect(full != nil)
        #expect(empty == 0)
    }

    @Test func `Half the servers see one registry only and half the other, and each names all`() {
        var world = Self.settled(6, registries: 2)
        for server in 0..<6 {
            let hidden = SimulatedRegistry.host(server < 3 ? 1 : 0)
            world.network.cut(from: server, to: hidden)
            world.network.cut(from: hidden, to: server)
        }
        world.run(for: .seconds(60))
        #expect(world.registriesAreRight)
        let before = world.running.compactMap(\.life)
        world.run(for: .seconds(20))
        #expect(world.running.compactMap(\.life) == before, "nobody had to come back")
        for victim in [0, 5] {
            let address = world.servers[victim].endpoint.host
            world.kill(victim)
            let gone = world.run(within: .milliseconds(500)) { world in
                (0...1).allSatisfy { registry in
                    Role.allCases.allSatisfy { world.listed($0, by: registry)?.contains(address) == false }
                }
            }
            #expect(gone != nil)
        }
    }

    @Test(arguments: 1...5) func `Ten servers that start at once at two registries become four and six`(seed: UInt64) {
        var world = RingWorld(seed: seed, registries: 2)
        for number in 0..<10 { _ = world.addServer(registries: number % 2 == 0 ? [0, 1] : [1, 0]) }
        for number in 0..<10 { world.start(number) }
        let formed = world.run(within: .seconds(3)) { world in
            world.addresses(of: .data).count == 4 && world.addresses(of: .router).count == 6
                && world.registriesAreRight
        }
        #expect(formed != nil)
    }

    @Test func `Servers that know one registry renew at another that it told them of`() {
        var world = RingWorld(seed: 3, registries: 2)
        for _ in 0..<5 { _ = world.addServer(registries: [0]) }
        for number in 0..<5 { world.start(number) }
        world.run(for: .seconds(15))
        world.killRegistry(0)
        let before = world.running.compactMap(\.life)
        world.run(for: .seconds(40))
        #expect(world.registriesAreRight)
        #expect(world.running.compactMap(\.life) == before)
    }
}

extension RingWorld {
    /// Answers of this moment that name nobody for a role which has a member; a registry without an answer names nobody
    /// wrongly.
    fileprivate var empties: Int {
        registries.indices.reduce(0) { sum, registry in
            sum + Role.allCases.count { listed($0, by: registry)?.isEmpty == true && !addresses(of: $0).isEmpty }
        }
    }

    /// Whether every registry that runs names exactly the servers that run.
    fileprivate var registriesAreRight: Bool {
        registries.filter(\.isUp).allSatisfy { registry in
            Role.allCases.allSatisfy { listed($0, by: registry.index) == addresses(of: $0) }
        }
    }
}
