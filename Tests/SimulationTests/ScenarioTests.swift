import Model
import Ring
import Simulation
import Testing

/// The histories that broke earlier designs, each played once; the words are those of the findings.
@Suite struct ScenarioTests {
    /// A ring of remembered servers with these roles, one second old.
    static func settled(_ roles: [Role], seed: UInt64 = 1) -> RingWorld {
        var world = RingWorld(seed: seed)
        for role in roles { world.start(world.addServer(role: role)) }
        world.run(for: .seconds(3))
        return world
    }

    static func died(_ observation: Ring.Observation) -> Bool {
        if case .died = observation { true } else { false }
    }

    static func managed(_ observation: Ring.Observation) -> Bool {
        if case .becameManager = observation { true } else { false }
    }

    static func switched(_ observation: Ring.Observation) -> Bool {
        if case .roleTaken = observation { true } else { false }
    }

    @Test func `Three servers of which the only Router dies have a Router again within two seconds`() throws {
        var world = ScenarioTests.settled([.data, .data, .router])
        #expect(world.counts == RoleCounts(data: 2, router: 1))
        world.kill(2)
        let time = world.run(within: .seconds(2)) { $0.counts == RoleCounts(data: 1, router: 1) }
        #expect(time != nil, "\(world.counts) \(world.history())")
    }

    @Test(arguments: 0..<2) func `A Router becomes Data within two seconds of the death of one of two Data`(victim: Int)
    {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router])
        let start = world.now
        world.kill(victim)
        let time = world.run(within: .seconds(2)) { $0.counts == RoleCounts(data: 2, router: 2) }
        #expect(time != nil, "\(world.history(since: start))")
        world.run(for: .seconds(5))
        #expect(world.count(since: start, ScenarioTests.switched) == 1)
    }

    @Test(arguments: 1...10) func `Both Data servers of five die: exactly two Routers switch`(seed: UInt64) {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        let start = world.now
        world.kill(0)
        world.kill(1)
        let time = world.run(within: .seconds(2)) { $0.counts == RoleCounts(data: 2, router: 1) }
        #expect(time != nil, "\(world.history(since: start))")
        world.run(for: .seconds(5))
        #expect(world.count(since: start, ScenarioTests.switched) == 2, "\(world.history(since: start))")
        #expect(world.counts == RoleCounts(data: 2, router: 1))
    }

    @Test(arguments: 1...10) func `A failure has one manager, whoever detects it`(seed: UInt64) {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: 5 + Int(seed % 4))
        world.run(for: .seconds(2))
        world.kill(Int(seed) % 5)
        world.run(for: .seconds(2))
        #expect(world.count(ScenarioTests.managed) == 1, "\(world.history())")
    }

    @Test(arguments: 1...10) func `Two neighbours that die together leave one ring within a second`(seed: UInt64) throws
    {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: 6)
        world.run(for: .seconds(2))
        let order = world.running
        world.kill(order[Int(seed) % 6].index)
        world.kill(order[(Int(seed) + 1) % 6].index)
        let time = world.run(within: .seconds(1), until: \.isOneRing)
        #expect(time != nil, "\(world.ringFaults) \(world.history())")
    }

    @Test(arguments: 1...8) func `A run of silent neighbours is known within two seconds`(length: Int) throws {
        var world = RingWorld(seed: UInt64(length))
        world.addSettledRing(of: 16)
        world.run(for: .seconds(2))
        let start = world.now
        for server in world.running.dropFirst(3).prefix(length) { world.vanish(server.index) }
        let healed = world.run(within: .seconds(3), until: \.isOneRing)
        let time = try #require(healed, "\(world.history(since: start))")
        #expect(time - start < .seconds(2))
    }

    @Test(arguments: 1...10) func `Loss, jitter and short pauses kill nobody`(seed: UInt64) {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: 6)
        world.network.loss = 0.05
        world.network.jitter = .milliseconds(50)
        for round in 0..<20 {
            world.run(for: .seconds(2))
            world.pause(round % 6)
            world.run(for: .milliseconds(250))
            world.resume(round % 6)
        }
        #expect(world.count(ScenarioTests.died) == 0, "\(world.history())")
    }

    @Test(arguments: 1...6) func `A server stopped for ten seconds comes back as a member and the roles are right`(
        seed: UInt64
    ) {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        world.pause(Int(seed) % 5)
        world.run(for: .seconds(10))
        #expect(world.count(ScenarioTests.died) > 0)
        world.resume(Int(seed) % 5)
        let time = world.run(within: .seconds(3), until: \.isOneRing)
        #expect(time != nil, "\(world.ringFaults)")
        #expect(world.run(within: .seconds(30), until: \.hasTargetRoles) != nil, "\(world.counts)")
        world.run(for: .seconds(1))
        #expect(world.isOneRing)
    }

    @Test(arguments: [4, 5, 7, 10, 30]) func `Two halves that hold each other dead heal without a further death`(
        count: Int
    ) {
        var world = RingWorld(seed: UInt64(count))
        world.addSettledRing(of: count)
        world.run(for: .seconds(1))
        // Without a registry that would introduce them to each other.
        world.killRegistry(0)
        world.network.divide([Array(0..<count / 2), Array(count / 2..<count)])
        world.run(for: .seconds(10))
        let start = world.now
        world.network.mend()
        var smallest = count
        let time = world.run(within: .seconds(4)) { world in
            smallest = min(smallest, world.running.compactMap { $0.ring?.roster.presentCount }.min() ?? 0)
            return world.isOneRing
        }
        #expect(time != nil, "\(world.ringFaults)")
        // Nobody's own half falls apart on the way.
        #expect(smallest >= count / 2)
        world.run(for: .seconds(2))
        #expect(world.count(since: start, ScenarioTests.died) == 0, "\(world.history(since: start))")
    }

    @Test(arguments: 1...5) func `A three-way split heals into one ring`(seed: UInt64) {
        var world = RingWorld(seed: seed)
        world.addSettledRing(of: 9)
        world.run(for: .seconds(1))
        world.network.divide([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
        world.run(for: .seconds(15))
        world.network.mend()
        let time = world.run(within: .seconds(4), until: \.isOneRing)
        #expect(time != nil, "\(world.ringFaults)")
        #expect(world.run(within: .seconds(90), until: \.hasTargetRoles) != nil)
    }

    @Test(arguments: [2, 3, 5]) func `A server cut off becomes a ring of one, and returns`(count: Int) {
        var world = RingWorld(seed: UInt64(count))
        world.addSettledRing(of: count)
        world.run(for: .seconds(1))
        world.network.divide([Array(1..<count), [0]])
        let alone = world.run(within: .seconds(5)) { $0.servers[0].ring?.roster.presentCount == 1 }
        #expect(alone != nil)
        world.run(for: .seconds(5))
        world.network.mend()
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test func `A server that hears nothing poisons nobody's roster`() {
        var world = RingWorld(seed: 6)
        world.addSettledRing(of: 6)
        world.run(for: .seconds(1))
        world.network.deafen(2, hosts: 6)
        world.run(for: .seconds(6))
        let others = world.running.filter { $0.index != 2 }
        for server in others {
            let present = server.ring?.roster.present.map(\.id) ?? []
            #expect(others.allSatisfy { present.contains($0.id) })
        }
        world.network.mend()
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test func `A server that hears nothing is dead to all others within three seconds, and comes back`() {
        var world = RingWorld(seed: 16)
        world.addSettledRing(of: 60)
        world.run(for: .seconds(1))
        let deaf = world.servers[2].id
        world.network.deafen(2, hosts: 60)
        let gone = world.run(within: .seconds(3)) { world in
            world.running.allSatisfy { $0.id == deaf || $0.ring?.roster[deaf]?.isPresent == false }
        }
        #expect(gone != nil)
        world.network.mend()
        #expect(world.run(within: .seconds(5), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test func `One direction cut between two servers kills neither`() {
        var world = RingWorld(seed: 3)
        world.addSettledRing(of: 5)
        world.run(for: .seconds(1))
        let order = world.running
        world.network.cut(from: order[0].index, to: order[1].index)
        world.run(for: .seconds(30))
        #expect(world.count(ScenarioTests.died) == 0, "\(world.history())")
    }

    @Test func `All killed at once and started again keep their roles`() {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router])
        for index in 0..<5 { world.kill(index) }
        world.run(for: .seconds(2))
        for index in 0..<5 { world.start(index, after: .milliseconds(50 * Int64(index))) }
        world.run(for: .seconds(30))
        #expect(world.isOneRing)
        #expect(world.servers.map { $0.ring?.own.role } == [.data, .data, .router, .router, .router])
    }

    @Test(arguments: 1...10) func `Five servers that all begin as Data are two and three within 3 s`(seed: UInt64) {
        var world = RingWorld(seed: seed)
        world.killRegistry(0)
        for _ in 0..<5 { world.addServer() }
        let meeting = Ring.Contact(endpoint: world.servers[0].endpoint, life: nil)
        for index in 1..<5 { world.remember([meeting], on: index) }
        for index in 0..<5 { world.start(index) }
        let time = world.run(within: .seconds(3)) { $0.isOneRing && $0.counts == RoleCounts(data: 2, router: 3) }
        #expect(time != nil, "\(world.counts) \(world.ringFaults) \(world.history())")
    }

    @Test func `Pinned servers never switch, and a role that nobody may take is reported`() {
        var world = RingWorld(seed: 4)
        for role in [Role.data, .data, .router] { world.start(world.addServer(pinned: true, role: role)) }
        world.run(for: .seconds(3))
        world.kill(2)
        world.run(for: .seconds(20))
        #expect(world.counts == RoleCounts(data: 2, router: 0))
        #expect(world.running.contains { $0.ring?.stuckRole == .router })
        world.start(world.addServer())
        #expect(world.run(within: .seconds(3)) { $0.counts == RoleCounts(data: 2, router: 1) } != nil)
    }

    @Test func `Towards two to three one server switches after ten quiet seconds, and then the next`() throws {
        var world = ScenarioTests.settled([
            .data, .data, .data, .data, .router, .router, .router, .router, .router, .router,
        ])
        for index in 6..<10 { world.kill(index) }
        world.run(for: .seconds(3))
        let start = world.now
        #expect(world.counts == RoleCounts(data: 4, router: 2))
        let firstTime = world.run(within: .seconds(12)) { $0.counts.router == 3 }
        let first = try #require(firstTime, "\(world.history(since: start))")
        let secondTime = world.run(within: .seconds(15)) { $0.counts.router == 4 }
        let second = try #require(secondTime)
        #expect(first - start > .seconds(6))
        #expect(second - first > .seconds(9))
        world.run(for: .seconds(20))
        #expect(world.counts == RoleCounts(data: 2, router: 4))
    }

    @Test func `A leave is no failure: no alert, and the role is filled`() {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router])
        let start = world.now
        world.leave(0, after: .seconds(3))
        #expect(world.run(within: .seconds(3)) { $0.counts.data == 3 } != nil, "\(world.history(since: start))")
        world.run(for: .seconds(3))
        #expect(world.isOneRing)
        #expect(world.counts == RoleCounts(data: 2, router: 2))
        #expect(world.count(since: start, ScenarioTests.died) == 0)
        #expect(world.count(since: start, ScenarioTests.managed) == 0)
    }

    @Test func `When all leave nobody switches`() {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router])
        let start = world.now
        for index in 0..<5 { world.leave(index, after: .milliseconds(800)) }
        world.run(for: .seconds(3))
        #expect(world.running.isEmpty)
        #expect(world.count(since: start, ScenarioTests.switched) == 0)
    }

    @Test func `A server restarted in a tenth of a second is the same server in a new life`() {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router])
        world.kill(0)
        world.start(0, after: .milliseconds(100))
        #expect(world.run(within: .seconds(3)) { $0.running.count == 5 && $0.isOneRing } != nil, "\(world.ringFaults)")
        world.run(for: .seconds(30))
        #expect(world.counts == RoleCounts(data: 2, router: 3))
    }

    @Test func `The manager that dies after deciding is replaced`() throws {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router])
        let start = world.now
        world.kill(0)
        _ = world.run(within: .seconds(1)) { $0.count(since: start, ScenarioTests.managed) == 1 }
        let manager = try #require(world.notes.last { ScenarioTests.managed($0.observation) }).server
        world.kill(manager)
        let time = world.run(within: .seconds(3)) { $0.isOneRing && $0.hasMinimumRoles }
        #expect(time != nil, "\(world.counts) \(world.history(since: start))")
    }
}
