import Model
import Registry
import Ring
import Simulation
import Testing

/// What clients hear from the registries in the worst moments.
@Suite struct NameTrapTests {
    private static func isEmpty(_ answer: DNSAnswer?) -> Bool {
        answer.map { $0.code == .noError && !$0.isTruncated && $0.addresses.isEmpty } ?? false
    }

    private static let names = ["data.rondo", "router.rondo"]

    @Test func `All leases run out at once and no name is empty`() {
        var world = RingWorld.long(5)
        world.watchNames()
        for server in 0..<5 { world.cut(server, fromRegistry: 0) }
        let time = world.run(
            for: .seconds(40),
            while: { world in !NameTrapTests.names.contains { NameTrapTests.isEmpty(world.answer($0)) } })
        #expect(time == nil)
        #expect(world.listed(.data) == world.addresses(of: .data))
        world.network.mend()
        world.run(for: .seconds(4))
        #expect(world.nameFaults.isEmpty, "\(world.nameFaults)")
        #expect(world.violations.isEmpty, "\(world.violations)")
    }

    @Test func `An answer over 512 bytes is cut short over UDP and whole over TCP`() {
        var world = RingWorld(seed: 1)
        world.addSettledRing(of: 300)
        let short = world.answer("router.rondo", over: .udp)
        #expect(short?.isTruncated == true && short?.addresses.isEmpty == true)
        #expect(world.answer("router.rondo", over: .tcp)?.addresses.count == 180)
    }

    @Test(arguments: 1...3) func `A false suspicion of the only Router leaves its name`(seed: UInt64) throws {
        var world = ScenarioTests.settled([.data, .data, .router], seed: seed)
        let accuser = try #require(world.servers[0].life)
        let accused = try #require(world.servers[2].life)
        // The registry asks the accused itself, and hears of it only after a while.
        world.network.delays[2] = .milliseconds(40)
        world.reportDeath(of: accused, by: accuser, toRegistry: 0, confirmed: false)
        let time = world.run(for: .seconds(3), while: { !NameTrapTests.isEmpty($0.answer("router.rondo")) })
        #expect(time == nil)
        #expect(world.listed(.router) == world.addresses(of: .router))
    }

    @Test(arguments: 1...3) func `A split of which both sides reach the registry removes nobody who answers`(
        seed: UInt64
    ) {
        var world = RingWorld.long(6, seed: seed)
        world.run(for: .seconds(2))
        // Between the servers only; the registry hears all of them.
        for one in 0..<3 {
            for other in 3..<6 {
                world.network.cut(from: one, to: other)
                world.network.cut(from: other, to: one)
            }
        }
        world.run(for: .seconds(3))
        var missing = 0
        for _ in 0..<200 {
            world.run(for: .milliseconds(100))
            let listed = (world.listed(.data) ?? []) + (world.listed(.router) ?? [])
            missing = max(missing, 6 - Set(listed).count)
        }
        #expect(missing == 0)
        world.network.mend()
        #expect(world.run(within: .seconds(3)) { $0.isOneRing && $0.nameFaults.isEmpty } != nil, "\(world.nameFaults)")
    }

    @Test(arguments: 1...3) func `A stopped server has no name after 1.5 s though its port is open`(seed: UInt64) {
        var world = RingWorld.long(5, seed: seed, registries: 2)
        world.run(for: .seconds(2))
        let address = world.servers[0].endpoint.host
        world.pause(0)
        let time = world.run(within: .milliseconds(1_600)) { world in
            (0..<2).allSatisfy { registry in
                Role.allCases.allSatisfy { world.listed($0, by: registry)?.contains(address) == false }
            }
        }
        #expect(time != nil, "\(world.history())")
    }

    @Test(arguments: 1...5) func `The detector dies before its report and the name goes all the same`(seed: UInt64)
        throws
    {
        var world = RingWorld.long(6, seed: seed)
        world.run(for: .seconds(2))
        let address = world.servers[0].endpoint.host
        world.kill(0)
        let noted = world.runUntilNoted(within: .seconds(1), ScenarioTests.died)
        let note = try #require(noted)
        world.network.deafen(-1, hosts: 6)
        world.kill(note.server)
        world.run(for: .milliseconds(100))
        world.network.mend()
        // The manager of the round reports it again; at the latest the lease ends.
        let gone = world.run(within: .seconds(11)) { world in
            Role.allCases.allSatisfy { world.listed($0)?.contains(address) == false }
        }
        #expect(gone != nil)
    }

    @Test func `All registries but one are killed and every name still leads somewhere`() {
        var world = RingWorld.long(5, registries: 3)
        world.killRegistry(0)
        world.killRegistry(1)
        world.kill(0)
        let time = world.run(within: .seconds(3)) { $0.isOneRing && $0.nameFaults.isEmpty }
        #expect(time != nil, "\(world.nameFaults)")
    }

    @Test func `With all registries dead the ring mends itself, and one started empty learns all within a renewal`() {
        var world = RingWorld.long(6, registries: 2)
        world.killRegistry(0)
        world.killRegistry(1)
        world.run(for: .seconds(30))
        world.kill(world.holders(of: .data)[0])
        #expect(world.run(within: .seconds(3)) { $0.isOneRing && $0.hasMinimumRoles } != nil, "\(world.ringFaults)")
        world.start(world.addServer())
        world.startRegistry(0)
        var empty = 0
        let full = world.run(within: .seconds(6)) { world in
            empty += NameTrapTests.names.contains { NameTrapTests.isEmpty(world.answer($0)) } ? 1 : 0
            return world.running.count == 6 && world.isOneRing && world.nameFaults.isEmpty
        }
        #expect(full != nil, "\(world.nameFaults) \(world.ringFaults)")
        #expect(empty == 0)
    }

    @Test func `A registry that was stopped for a minute empties nothing when it goes on`() {
        var world = RingWorld.long(5)
        world.pauseRegistry(0)
        world.run(for: .seconds(60))
        world.resumeRegistry(0)
        let time = world.run(
            for: .seconds(5),
            while: { world in !NameTrapTests.names.contains { NameTrapTests.isEmpty(world.answer($0)) } })
        #expect(time == nil)
        #expect(world.nameFaults.isEmpty, "\(world.nameFaults)")
    }
}
