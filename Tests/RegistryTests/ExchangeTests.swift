import Model
import Testing

@testable import Registry

/// Several registries with one map.
@Suite struct ExchangeTests {
    @Test func `what one registry grants all list, and what one removes none lists, within milliseconds`() throws {
        var all = try Registries.withFive(3)
        for registry in 0..<3 {
            #expect(try all.hosts("data.rondo", at: registry) == [2, 3])
            #expect(try all.hosts("router.rondo", at: registry) == [4, 5, 6])
        }
        all.handle(.leaseReleased(Desk.life(3)), at: 1)
        all.pass(.milliseconds(10))
        for registry in 0..<3 { #expect(try all.hosts("router.rondo", at: registry) == [5, 6]) }
        #expect(all.agree)
    }

    @Test func `a server that renews at one registry is fresh at all`() throws {
        var all = try Registries.withFive(3)
        all.live(.seconds(60)) { $0 % 3 }
        #expect(all.asked == 0)
        for registry in 0..<3 { #expect(try all.hosts("server.rondo", at: registry) == [1, 2, 2, 3, 3, 4, 5, 6]) }
        #expect(all.agree)
    }

    @Test func `a renewal passes through a registry that reaches two which do not reach each other`() throws {
        var all = try Registries.withFive(3)
        all.cuts = [[0, 1]]
        all.live(.seconds(60)) { _ in 0 }
        #expect(all.asked == 0)
        #expect(try all.hosts("data.rondo", at: 1) == [2, 3])
    }

    @Test func `a switch of roles is told before the next renewal, and an old request does not undo it`() throws {
        var all = try Registries.withFive(2)
        all.change(3, to: .data)
        all.renew(3, at: 1)
        all.pass(.milliseconds(5))
        #expect(try all.hosts("data.rondo", at: 0) == [2, 3, 4])
        var late = Desk.request(3)
        (late.held, late.state, late.sequence) = (.router, .ready, 1)
        #expect(all.ask(late, at: 0)?.outcome == .granted)
        all.pass(.milliseconds(5))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3, 4]) }
    }

    @Test func `that a server is alone is told at once, however young its last renewal is`() throws {
        var all = try Registries.withFive(2)
        all.renew(3, at: 1)
        all.pass(.milliseconds(5))
        var alone = Desk.request(3)
        (alone.held, alone.state, alone.sequence, alone.ringSize) = (.router, .ready, 900, 1)
        #expect(all.ask(alone, at: 1)?.outcome == .granted)
        for server in 1...5 where server != 3 { all.handle(.leaseReleased(Desk.life(server)), at: 1) }
        all.pass(.milliseconds(5))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [4]) }
    }

    @Test func `a dead server is gone from all 100 ms after the report, and stays away`() throws {
        var all = try Registries.withFive(3)
        all.lives[1] = nil
        all.report(1, at: 0)
        all.pass(.milliseconds(100))
        for registry in 0..<3 { #expect(try all.hosts("data.rondo", at: registry) == [3]) }
        all.live(.seconds(90)) { _ in 2 }
        for registry in 0..<3 { #expect(try all.hosts("data.rondo", at: registry) == [3]) }
        #expect(all.agree)
    }

    @Test func `no registry brings back a server that it missed the removal of`() throws {
        var all = try Registries.withFive(2)
        all.cuts = [[0, 1]]
        all.lives[1] = nil
        all.report(1, at: 0)
        all.pass(.seconds(4))
        #expect(try all.hosts("data.rondo", at: 0) == [3])
        #expect(try all.hosts("data.rondo", at: 1) == [2, 3])
        all.cuts = []
        try all.watch(.seconds(1)) { all throws in #expect(try all.hosts("data.rondo", at: 0) == [3]) }
        #expect(try all.hosts("data.rondo", at: 1) == [3])
        #expect(all.agree)
    }

    @Test func `a report at another registry reaches the one that can ask the accused`() throws {
        var all = try Registries.withFive(2)
        all.blind = [[1, 1]]
        all.report(1, at: 1)
        all.pass(.seconds(1))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3]) }
        #expect(all.agree)
        all.lives[1] = nil
        all.report(1, at: 1)
        all.pass(.milliseconds(20))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [3]) }
    }

    /// The one that was told may have to wait for its own question in vain.
    @Test func `a report is passed on at once to the registry where the accused renews, and to no other`() throws {
        var all = try Registries.withFive(3)
        let report = DeathReport(reporter: Desk.life(9), accused: Desk.life(1), confirmed: true)
        func passed(at registry: Int) -> [Endpoint] {
            all.handle(.deathReported(report), at: registry).compactMap {
                guard case .send(let message, let endpoint) = $0, case .report(report) = message.body else {
                    return nil
                }
                return endpoint
            }
        }
        #expect(passed(at: 1) == [Registries.identity(0).peer])
        #expect(passed(at: 0) == [])
    }

    @Test func `a split ends with all names, no new life and nobody hidden on the way`() throws {
        var all = try Registries.withFive(2)
        all.cuts = [[0, 1]]
        let sides = [1: 0, 2: 1, 3: 0, 4: 1, 5: 1]
        all.blind = Set(sides.map { [1 - $0.value, $0.key] })
        for server in 1...5 { all.report(server, at: 1 - (sides[server] ?? 0)) }
        all.live(.seconds(30)) { sides[$0] ?? 0 }
        #expect(try all.hosts("data.rondo", at: 0) == [2])
        #expect(try all.hosts("router.rondo", at: 1) == [5, 6])
        (all.cuts, all.blind) = ([], [])
        for server in 1...5 { all.renew(server, at: sides[server] ?? 0) }
        try all.watch(.seconds(1)) { all throws in
            for (server, side) in sides {
                #expect(try all.hosts("\(ServerID(UInt128(server))).server.rondo", at: side).count == 1)
            }
            #expect(try all.hosts("data.rondo", at: 0).contains(2))
            #expect(try all.hosts("router.rondo", at: 1).count >= 2)
        }
        #expect(all.agree)
        for registry in 0...1 { #expect(try all.hosts("router.rondo", at: registry) == [4, 5, 6]) }
        #expect(all.map(0).allSatisfy { $0.life.incarnation == Incarnation(1) && !$0.isRemoved })
        #expect(all.renew(2, at: 0)?.outcome == .granted)
    }

    @Test func `two registries that answer one first request differently come to one role`() throws {
        var all = try Registries(2)
        all.pass(.seconds(4))
        all.cuts = [[0, 1]]
        all.start(2, .data, at: 1)
        #expect(all.ask(Desk.request(1), at: 0)?.role == .data)
        #expect(all.ask(Desk.request(1), at: 1)?.role == .router)
        all.cuts = []
        all.pass(.seconds(1))
        #expect(all.agree)
    }

    @Test func `servers that start at once at two registries are counted by both`() throws {
        var all = try Registries(2)
        all.pass(.seconds(1))
        var roles = RoleCounts()
        for number in 1...10 {
            let given = all.ask(Desk.request(number), at: number % 2)
            let answer = try #require(given)
            roles[try #require(answer.role)] += 1
            all.pass(.milliseconds(5))
        }
        #expect(roles == RoleCounts(data: 4, router: 6))
    }

    @Test func `two hundred histories of loss, repetition, splits and deaths end with equal maps of the living`() throws
    {
        for seed in 1...200 as ClosedRange<UInt64> {
            var history = try History(seed: seed)
            try history.run()
        }
    }
}

/// One random history: trouble, then quiet.
private struct History {
    private var all: Registries
    private let seed: UInt64
    private let registries: Int

    init(seed: UInt64) throws {
        self.seed = seed
        registries = 2 + Int(seed % 3)
        all = try Registries(registries, seed: seed)
        all.delay = .milliseconds(1 + Int64(seed % 40))
        all.loss = Double(seed % 4) * 0.1
        all.twice = 0.1
    }

    mutating func run() throws {
        for server in 1...6 { all.start(server, server <= 2 ? .data : .router, at: registry()) }
        for _ in 0..<60 {
            step()
            all.pass(.milliseconds(Int64.random(in: 0...1_500, using: &all.random)))
        }
        quiet()
        guard all.agree else {
            let maps = (0..<registries).filter { all.isUp($0) }.map { registry in
                all.map(registry).map { "\($0.life) \($0.term) \($0.isRemoved ? "removed" : "leased") \($0.sequence)" }
            }
            Issue.record("seed \(seed): the maps differ: \(maps)")
            return
        }
        for role in Role.allCases {
            let living = all.lives.keys.filter { all.roles[$0] == role }.map { UInt8($0 + 1) }.sorted()
            for registry in 0..<registries where all.isUp(registry) {
                let listed = try all.hosts("\(role.rawValue).rondo", at: registry)
                // A role that nobody has any more is served stale for an hour.
                if !living.isEmpty, listed != living {
                    Issue.record("seed \(seed), registry \(registry) lists \(listed) of \(living)")
                }
            }
        }
        let up = (0..<registries).filter { all.isUp($0) }
        for registry in up {
            let listed = try all.hosts("registry.rondo", at: registry)
            if listed != up.map({ UInt8($0 + 1) }) {
                Issue.record("seed \(seed), \(registry) lists \(listed) of \(up)")
            }
        }
    }

    private mutating func registry() -> Int { Int.random(in: 0..<registries, using: &all.random) }

    private mutating func step() {
        let server = Int.random(in: 1...6, using: &all.random)
        switch Int.random(in: 0..<12, using: &all.random) {
        case 0: all.lives[server] = nil
        case 1: all.report(server, at: registry())
        case 2: all.cuts.insert([registry(), registry()].sorted())
        case 3: all.blind.insert([registry(), server])
        case 4: (all.cuts, all.blind) = ([], [])
        case 5: all.change(server, to: Bool.random(using: &all.random) ? .data : .router)
        case 6: restart()
        default: for server in all.lives.keys.sorted() { renew(server) }
        }
    }

    /// A server that was told that its life is over comes back with the next.
    private mutating func renew(_ server: Int) {
        let place = registry()
        if all.lives[server] == nil || all.renew(server, at: place)?.outcome == .dead {
            let old = all.lives[server]?.incarnation ?? Incarnation(UInt64(all.now.nanoseconds / 1_000_000))
            all.lives[server] = ServerLife(id: ServerID(UInt128(server)), incarnation: old)
            all.start(server, all.roles[server] ?? .router, at: place)
        }
    }

    private mutating func restart() {
        let one = registry()
        if all.isUp(one) { all.kill(registry: one) } else { try? all.restart(registry: one, naming: [0, 1]) }
    }

    private mutating func quiet() {
        (all.cuts, all.blind, all.loss) = ([], [], 0)
        if !(0..<registries).contains(where: { all.isUp($0) }) { try? all.restart(registry: 0, naming: [1]) }
        for _ in 0..<8 {
            for server in all.lives.keys.sorted() {
                let up = (0..<registries).filter { all.isUp($0) }
                if all.renew(server, at: up[server % up.count])?.outcome == .dead {
                    all.start(server, all.roles[server] ?? .router, at: up[0])
                }
            }
            all.pass(.seconds(3))
        }
        all.pass(.seconds(1))
    }
}
