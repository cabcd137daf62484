import Model
import Ring
import Simulation
import Testing

/// A checker is worth something when it can fail: here the rules are broken on purpose.
@Suite struct CheckerTests {
    private static let addresses = (1...3).map { HostAddress(10, 0, 0, UInt8($0)) }

    /// A dead entry of somebody who lives, told to one server alone.
    private static func slander(_ world: inout RingWorld, of victim: Int, to index: Int) throws {
        var entry = try #require(world.servers[victim].ring?.own)
        let gossip = try #require(world.running.first { $0.index != victim && $0.index != index }?.life)
        entry.state = .left
        world.deliver(.changes([entry], through: nil), from: gossip, to: index)
    }

    @Test func `The checker of rings sees a roster that differs`() throws {
        var world = RingWorld.long(5)
        #expect(world.isOneRing)
        try CheckerTests.slander(&world, of: 1, to: 2)
        #expect(world.ringFaults.contains { $0.contains("different rosters") })
        #expect(world.ringFaults.contains { $0.contains("2 has wrong links") || $0.contains("2 sees") })
    }

    @Test func `The checker of rings sees a server that is not in it`() {
        var world = RingWorld.long(5)
        world.vanish(0)
        #expect(!world.isOneRing)
    }

    @Test func `The checker of rows sees one that is missing, and one too many`() throws {
        var world = RingWorld.long(5)
        world.kill(0)
        world.run(for: .seconds(1))
        let round = try #require(world.rounds.first)
        #expect(round.rowFault == nil)
        func altered(_ change: (inout [AlertRow]) -> Void) throws -> FinishedRound {
            var alert = try #require(round.alert)
            change(&alert.rows)
            return FinishedRound(
                time: round.time, manager: round.manager, id: round.id, alert: alert, live: round.live,
                running: round.running)
        }
        #expect(try altered { _ = $0.removeLast() }.rowFault != nil)
        #expect(try altered { $0.append($0[0]) }.rowFault != nil)
    }

    @Test func `The checker of names sees a dead name and an empty role, and lets stale names be`() {
        let (one, two) = (CheckerTests.addresses[0], CheckerTests.addresses[1])
        #expect(NameLook(listed: [one, two], longDead: [two], known: [one]).fault?.rule == .deadName)
        #expect(NameLook(listed: [], longDead: [], known: [one]).fault?.rule == .emptyRole)
        #expect(NameLook(listed: [two], longDead: [two], known: []).fault == nil)
        #expect(NameLook(listed: [one], longDead: [two], known: [one]).fault == nil)
        #expect(NameLook(listed: [], longDead: [two], known: []).fault == nil)
    }

    /// A registry that hears nothing more, though the checker is told that it hears all.
    @Test func `A name that outlives its server is a violation in a world, too`() {
        var world = RingWorld.long(5)
        world.watchNames()
        for server in 0..<5 { world.cut(server, fromRegistry: 0) }
        world.kill(world.holders(of: .router)[0])
        world.pretendRenewals(atRegistry: 0, for: .seconds(16))
        #expect(world.violations.contains { $0.rule == .deadName }, "\(world.violations)")
    }

    @Test func `A drill sees a second manager, a switch too many and a role that stays short`() throws {
        #expect(Drill.deficit(of: RoleCounts(data: 1, router: 3)) == 1)
        #expect(Drill.deficit(of: RoleCounts(data: 3, router: 0)) == 1)
        #expect(Drill.deficit(of: RoleCounts(data: 2, router: 0)) == 1)
        #expect(Drill.deficit(of: RoleCounts(data: 2, router: 1)) == 0)
        // Nobody may switch: the drill says so.
        var world = RingWorld(seed: 5)
        for role in [Role.data, .data, .router, .router] { world.start(world.addServer(pinned: true, role: role)) }
        world.run(for: .seconds(3))
        let drill = Drill(killing: 0, in: &world)
        #expect(drill.faults.map(\.rule).contains(.switches))
    }

    @Test func `A drill sees a manager too many`() {
        var world = RingWorld.long(5)
        // Nobody hears of an alert that another one launched: both observers become managers.
        for one in 0..<5 { for other in 0..<5 where one != other { world.network.cut(from: one, to: other) } }
        let drill = Drill(killing: 0, in: &world)
        #expect(drill.faults.map(\.rule).contains(.manager) || drill.faults.map(\.rule).contains(.oneRing))
    }

    @Test func `The checker of roles sees a ring that is not near its target`() {
        var world = RingWorld(seed: 6)
        for role in [Role.data, .data, .data, .data, .router] { world.start(world.addServer(pinned: true, role: role)) }
        world.run(for: .seconds(30))
        #expect(!world.hasTargetRoles && world.hasMinimumRoles)
    }
}
