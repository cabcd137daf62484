import Model
import Ring
import Simulation
import Testing

/// Bad moments: deaths in the middle of something, the accused who is alive, messages that come when nobody expects
/// them.
@Suite struct RingTrapTests {
    private static func launched(_ observation: Ring.Observation) -> Bool {
        if case .alertLaunched = observation { true } else { false }
    }

    private static func instructed(_ observation: Ring.Observation) -> Bool {
        if case .imbalanceSent = observation { true } else { false }
    }

    @Test(arguments: 1...10) func `The detector dies in the middle of its round and another one ends it`(
        seed: UInt64
    ) throws {
        var world = RingWorld.long(7, seed: seed)
        world.kill(Int(seed) % 7)
        let noted = world.runUntilNoted(within: .seconds(1), RingTrapTests.launched)
        let note = try #require(noted)
        world.kill(note.server)
        #expect(world.run(within: .seconds(1), until: \.isOneRing) != nil, "\(world.ringFaults)")
        #expect(world.run(within: .seconds(3), until: \.hasMinimumRoles) != nil, "\(world.counts)")
        #expect(world.rounds.contains { round in round.manager != note.server })
    }

    @Test(arguments: 1...10) func `Both observers detect a death and it has one manager`(seed: UInt64) {
        var world = RingWorld.long(4 + Int(seed % 4), seed: seed)
        let start = world.now
        world.kill(Int(seed) % 4)
        world.run(for: .seconds(3))
        #expect(world.rounds.count == 1, "\(world.history(since: start))")
        #expect(world.rounds.allSatisfy { $0.rows == $0.running })
    }

    @Test(arguments: 1...10) func `The manager dies as it sends its instruction and the role is filled once`(
        seed: UInt64
    ) throws {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router, .router], seed: seed)
        let start = world.now
        world.kill(0)
        let noted = world.runUntilNoted(within: .seconds(2), RingTrapTests.instructed)
        let note = try #require(noted)
        world.kill(note.server)
        let healed = world.run(within: .seconds(3)) { $0.isOneRing && $0.hasMinimumRoles }
        #expect(healed != nil, "\(world.counts) \(world.history(since: start))")
        world.run(for: .seconds(3))
        // Two died, one or both of them Data: as many switched.
        #expect(world.counts.data == 2, "\(world.counts) \(world.history(since: start))")
    }

    @Test(arguments: 1...10) func `A server dies right after it took the role, before the others know`(seed: UInt64)
        throws
    {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router, .router], seed: seed)
        let start = world.now
        world.kill(0)
        let noted = world.runUntilNoted(within: .seconds(2), ScenarioTests.switched)
        let note = try #require(noted)
        world.kill(note.server)
        let healed = world.run(within: .seconds(3)) { $0.isOneRing && $0.counts.data == 2 }
        #expect(healed != nil, "\(world.counts) \(world.history(since: start))")
    }

    @Test(arguments: 1...6) func `An accused that lives keeps its place, and its accuser learns from it`(seed: UInt64) {
        var world = RingWorld.long(6, seed: seed)
        let order = world.order
        // The observer is reset by a firewall: evidence that looks like death.
        world.refuse(order[0], order[1])
        world.run(for: .seconds(1))
        #expect(world.running.count == 6)
        world.run(for: .seconds(120))
        #expect(world.deaths() <= 4, "\(world.history())")
        let cleared = world.run(within: .seconds(2)) { !$0.isSlandered() }
        #expect(cleared != nil, "\(world.ringFaults) \(world.history())")
    }

    @Test(arguments: 1...10) func `A firewall that refuses one pair makes nobody else believe in a death`(seed: UInt64)
    {
        var world = RingWorld.long(3, seed: seed)
        world.run(for: .seconds(1))
        let order = world.order
        world.refuse(order[0], order[1])
        let time = world.run(for: .seconds(5), while: { !$0.isSlandered(exceptBy: [order[0], order[1]]) })
        #expect(time == nil, "\(world.history())")
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test(arguments: 1...10)
    func `Two servers that a firewall parts try to connect now and then, and not all the time`(
        seed: UInt64
    ) {
        var world = RingWorld.long(5, seed: seed)
        let order = world.order
        world.refuse(order[0], order[1])
        world.run(for: .seconds(50))
        let refusals = world.count { if case .suspected(_, .closed) = $0 { true } else { false } }
        #expect((1...8).contains(refusals), "\(world.history())")
    }

    @Test(arguments: 1...10) func `What a server says that hears nothing is asked of the accused first`(seed: UInt64) {
        var world = RingWorld.long(12, seed: seed)
        world.network.deafen(3, hosts: 12)
        let time = world.run(
            for: .seconds(8), while: { !$0.isSlandered(exceptBy: [3]) || $0.servers[3].process != .up })
        // The deaf one itself is held dead by the others, as long as it hears nothing.
        let others = world.running.filter { $0.index != 3 }
        let lives = others.compactMap(\.life)
        #expect(others.allSatisfy { server in lives.allSatisfy { server.ring?.roster[$0.id]?.isPresent == true } })
        #expect(world.count { if case .refuted = $0 { true } else { false } } <= 2, "\(time as Any) \(world.history())")
    }

    @Test(arguments: 1...4) func `A Data server that is told to become Router though no Router is short stays`(
        seed: UInt64
    ) throws {
        var world = ScenarioTests.settled([.data, .data, .router], seed: seed)
        let manager = try #require(world.servers[2].life)
        let takers = world.holders(of: .data).map { world.servers[$0].id }
        for index in world.holders(of: .data) {
            let order = Imbalance(
                epoch: Epoch(counter: 1_000, manager: manager.id), base: 0, role: .router, takers: takers,
                isRebalancing: false)
            world.deliver(.imbalance(order), from: manager, to: index)
        }
        world.run(for: .seconds(2))
        #expect(world.counts == RoleCounts(data: 2, router: 1))
        #expect(world.switches() == 0)
    }

    @Test(arguments: 1...4) func `An instruction that comes twice and late is followed once`(seed: UInt64) throws {
        var world = ScenarioTests.settled([.data, .data, .router, .router, .router], seed: seed)
        world.kill(0)
        let noted = world.runUntilNoted(within: .seconds(2), RingTrapTests.instructed)
        let note = try #require(noted)
        guard case .imbalanceSent(let order) = note.observation, let manager = world.servers[note.server].life else {
            return
        }
        world.run(for: .seconds(2))
        for index in world.order { world.deliver(.imbalance(order), from: manager, to: index) }
        world.run(for: .seconds(2))
        #expect(world.switches() == 1, "\(world.history())")
    }

    /// Everyone who decides at that moment names its own first fit server.
    @Test(arguments: 1...20) func `After a leave one server decides, and one switches`(seed: UInt64) {
        var world = RingWorld.long(9, seed: seed)
        world.network.jitter = .milliseconds(20)
        for index in world.holders(of: .data).dropFirst(2) { world.leave(index, after: .milliseconds(300)) }
        world.run(for: .seconds(8))
        let start = world.now
        world.leave(world.holders(of: .data)[0], after: .milliseconds(300))
        world.run(for: .seconds(4))
        #expect(world.instructions(since: start) == 1, "\(world.history(since: start))")
        #expect(world.switches(since: start) == 1, "\(world.history(since: start))")
        #expect(world.counts.data == 2)
    }

    @Test(arguments: 1...5) func `Four of nine leave at one command: no death, one ring, right roles`(seed: UInt64) {
        var world = RingWorld.long(9, seed: seed)
        for index in 0..<4 { world.leave(index, after: .milliseconds(200 * Int64(index + 1))) }
        let healed = world.run(within: .seconds(4)) { $0.running.count == 5 && $0.isOneRing && $0.hasMinimumRoles }
        #expect(healed != nil, "\(world.counts) \(world.ringFaults)")
        #expect(world.deaths() == 0)
        #expect(world.rounds.isEmpty)
        #expect(world.run(within: .seconds(60), until: \.hasTargetRoles) != nil, "\(world.counts)")
    }

    @Test func `Fifty cold starts at once are one ring in the right roles within three seconds`() {
        var world = RingWorld(seed: 50)
        for _ in 0..<50 { world.start(world.addServer()) }
        let time = world.run(within: .seconds(3)) { $0.running.count == 50 && $0.isOneRing && $0.hasTargetRoles }
        #expect(time != nil, "\(world.counts) \(world.ringFaults.count)")
    }

    /// Of 7: sides of one, two and four, and of three and four.
    @Test(arguments: [[1, 2, 4], [3, 4], [1, 6], [2, 5]]) func `Every side of a split is a ring with its roles`(
        sizes: [Int]
    ) {
        var world = RingWorld.long(7, seed: UInt64(sizes[0]))
        var rest = world.order
        var parts: [[Int]] = []
        for size in sizes {
            parts.append(Array(rest.prefix(size)))
            rest.removeFirst(size)
        }
        world.network.divide(parts)
        let rings = world.run(within: .seconds(3)) { world in parts.allSatisfy { world.isWhole($0) } }
        #expect(rings != nil, "\(world.ringFaults)")
        let roles = world.run(within: .seconds(5)) { world in
            parts.allSatisfy { part in
                let data = part.count { world.servers[$0].ring?.own.role == .data }
                return part.count == 1 || data >= min(2, part.count - 1) && data < part.count
            }
        }
        #expect(roles != nil, "\(world.counts)")
        world.network.mend()
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
        #expect(world.run(within: .seconds(90), until: \.hasTargetRoles) != nil, "\(world.counts)")
    }

    @Test(arguments: 1...5) func `A server that dies again and again counts for nobody, and later for all`(seed: UInt64)
    {
        var world = RingWorld.long(6, seed: seed)
        for _ in 0..<3 {
            world.kill(0)
            world.run(for: .seconds(2))
            world.start(0)
            world.run(for: .seconds(2))
        }
        #expect(world.servers[0].ring?.own.damped == true)
        let counts = Set(world.running.compactMap { $0.ring?.roster.decisiveCounts })
        #expect(counts.count == 1 && counts.first?.total == 5, "\(counts)")
        let over = world.run(within: .seconds(12)) { !$0.hasDampedServers && $0.isOneRing }
        #expect(over != nil)
        #expect(world.running.allSatisfy { $0.ring?.roster.decisiveCounts.total == 6 })
    }

    @Test func `Nothing is decided within a second of a return`() throws {
        var world = RingWorld.long(8)
        world.network.divide([[0, 1, 2, 3], [4, 5, 6, 7]])
        world.run(for: .seconds(20))
        world.network.mend()
        let start = world.now
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil)
        world.run(for: .seconds(30))
        let returns = world.notes.filter {
            if case .returned = $0.observation { $0.time >= start } else { false }
        }
        for note in world.notes where note.time >= start {
            guard RingTrapTests.instructed(note.observation) else { continue }
            let last = returns.last { $0.server == note.server && $0.time <= note.time }
            #expect(try note.time - #require(last).time >= .seconds(1))
        }
    }
}
