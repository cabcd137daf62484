import Model
import Testing

@testable import Registry

/// Which registries there are, and what one that starts knows.
@Suite struct PeerRegistryTests {
    @Test func `registries that know one other each, in a row, list all, and one that is killed goes at once`() throws {
        var all = try Registries(4, naming: [[], [0], [1], [2]])
        all.pass(.seconds(2))
        for registry in 0..<4 { #expect(try all.hosts("registry.rondo", at: registry) == [1, 2, 3, 4]) }
        all.kill(registry: 2)
        all.pass(.milliseconds(20))
        for registry in [0, 1, 3] {
            #expect(try all.hosts("registry.rondo", at: registry) == [1, 2, 4])
            let services = try all.services("_dns._udp.registry.rondo", at: registry)
            #expect(services == 3)
        }
        all.pass(.seconds(30))
        for registry in [0, 1, 3] { #expect(try all.hosts("registry.rondo", at: registry) == [1, 2, 4]) }
        try all.restart(registry: 2, naming: [])
        all.pass(.seconds(2))
        for registry in 0..<4 { #expect(try all.hosts("registry.rondo", at: registry) == [1, 2, 3, 4]) }
    }

    @Test func `registries that nobody told of each other meet through what a server knows`() throws {
        var all = try Registries(2, naming: [[], []])
        all.pass(.seconds(1))
        #expect(try all.hosts("registry.rondo", at: 0) == [1])
        all.start(1, .data, at: 0)
        all.pass(.milliseconds(20))
        for registry in 0...1 { #expect(try all.hosts("registry.rondo", at: registry) == [1, 2]) }
        #expect(all.renew(1, at: 1)?.registries?.count == 2)
    }

    @Test func `a registry that falls silent is asked after a lease, and one that is heard elsewhere stays`() throws {
        var all = try Registries(3)
        all.pass(.seconds(1))
        all.cuts = [[0, 1]]
        all.pass(.seconds(30))
        #expect(try all.hosts("registry.rondo", at: 0) == [1, 2, 3])
        all.stop(registry: 2)
        all.pass(.seconds(12))
        #expect(try all.hosts("registry.rondo", at: 0) == [1])
        all.wake(registry: 2)
        all.pass(.seconds(4))
        #expect(try all.hosts("registry.rondo", at: 0) == [1, 2, 3])
    }

    @Test func `a registry that says farewell is gone at once, and what it said before does not bring it back`() throws
    {
        var all = try Registries(2)
        all.pass(.seconds(1))
        let digest = try #require(all.lastMessages[1])
        all.handle(.stopRequested, at: 1)
        all.pass(.milliseconds(5))
        #expect(try all.hosts("registry.rondo", at: 0) == [1])
        all.handle(.messageReceived(digest), at: 0)
        #expect(try all.hosts("registry.rondo", at: 0) == [1])
    }

    @Test func `nothing that an earlier life of a registry said counts`() throws {
        var all = try Registries.withFive(2)
        let digest = try #require(all.lastMessages[1])
        all.kill(registry: 1)
        try all.restart(registry: 1, naming: [0])
        all.pass(.seconds(1))
        let before = all.desks[0].registry.peers.all.map(\.identity)
        all.handle(.messageReceived(digest), at: 0)
        #expect(all.desks[0].registry.peers.all.map(\.identity) == before)
        #expect(before.first?.life.incarnation == Incarnation(2))
    }

    @Test func `one that starts empty beside a full one is full before its first renewal period ends`() throws {
        var all = try Registries.withFive(2)
        all.kill(registry: 1)
        all.pass(.seconds(1))
        try all.restart(registry: 1, naming: [0])
        #expect(try all.desks[1].dig("data.rondo").header.code == .serverFailure)
        all.pass(.milliseconds(50))
        #expect(try all.hosts("data.rondo", at: 1) == [2, 3])
        #expect(try all.hosts("router.rondo", at: 1) == [4, 5, 6])
        #expect(try all.desks[1].dig("\(ServerID(77)).server.rondo").header.code == .nameError)
    }

    /// The leases still tell of the ring as it was before the death.
    @Test func `one that starts empty beside a young one that knows its servers knows them as soon, after a death too`()
        throws
    {
        var all = try Registries(2)
        all.kill(registry: 1)
        for number in 1...5 { all.start(number, number <= 2 ? .data : .router, at: 0) }
        all.lives[3] = nil
        all.report(3, at: 0)
        all.pass(.milliseconds(500))
        #expect(!all.desks[0].registry.filled)
        #expect(try all.hosts("router.rondo", at: 0) == [5, 6])
        try all.restart(registry: 1, naming: [0])
        #expect(try all.desks[1].dig("router.rondo").header.code == .serverFailure)
        all.pass(.milliseconds(50))
        #expect(try all.hosts("data.rondo", at: 1) == [2, 3])
        #expect(try all.hosts("router.rondo", at: 1) == [5, 6])
    }

    @Test func `two that start empty do not fill each other, and answer after a renewal period`() throws {
        var all = try Registries(2)
        all.pass(.milliseconds(2_900))
        for registry in 0...1 { #expect(try all.desks[registry].dig("data.rondo").header.code == .serverFailure) }
        all.pass(.milliseconds(200))
        for registry in 0...1 { #expect(try all.desks[registry].dig("data.rondo").header.code == .noError) }
    }

    @Test func `a big map goes over in parts, and every part arrives`() throws {
        var all = try Registries(2)
        all.kill(registry: 1)
        all.pass(.seconds(4))
        for number in 1...3_000 {
            var request = Desk.request(1)
            request.life = ServerLife(
                id: ServerID(UInt128(number) << 40 | UInt128(number)), incarnation: Incarnation(1))
            request.address = HostAddress(HostAddress(10, 0, 0, 0).value + UInt32(number))
            (request.held, request.state) = (number % 5 < 2 ? .data : .router, .ready)
            #expect(all.ask(request, at: 0)?.outcome == .granted)
        }
        try all.restart(registry: 1, naming: [0])
        all.pass(.seconds(2))
        #expect(all.desks[1].registry.filled)
        #expect(all.agree)
    }

    @Test func `a process that was stopped does not take old messages for fresh renewals`() throws {
        var all = try Registries.withFive(2)
        all.stop(registry: 1)
        all.live(.seconds(6)) { _ in 0 }
        all.lives[3] = nil
        // So long that the other one has forgotten the removal.
        all.live(.seconds(85)) { _ in 0 }
        #expect(all.desks[0].registry.entries[ServerID(3)] == nil)
        all.wake(registry: 1)
        all.pass(.seconds(1))
        for registry in 0...1 {
            #expect(try all.hosts("router.rondo", at: registry) == [5, 6])
            #expect(all.desks[registry].registry.server(ServerID(3)) == nil)
        }
    }

    @Test func `a machine that slept has another difference of clocks, which is believed after ten seconds`() {
        var clock = SenderClock()
        func at(_ ms: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: ms * 1_000_000) }
        #expect(clock.lateness(sentMs: 500, at: at(1_000)) == .zero)
        #expect(clock.lateness(sentMs: 1_000, at: at(1_503)) == .milliseconds(3))
        #expect(clock.lateness(sentMs: 1_400, at: at(31_900)) == .milliseconds(30_000), "it lay in a socket")
        #expect(clock.lateness(sentMs: 31_400, at: at(31_900)) == .zero)
        for step in 0..<20 as Range<Int64> {
            _ = clock.lateness(sentMs: 31_900 + step * 500, at: at(92_400 + step * 500))
        }
        #expect(clock.lateness(sentMs: 41_900, at: at(102_400)) == .zero)
    }
}
