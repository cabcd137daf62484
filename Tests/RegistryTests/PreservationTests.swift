import Model
import Testing

@testable import Registry

/// What a registry does that loses sight of its servers (RFC 8767).
@Suite struct PreservationTests {
    /// Five servers that renewed one after the other in the three seconds before nobody is heard any more.
    private static func cutOff() throws -> Registries {
        var all = try Registries.withFive(1)
        for _ in 0..<4 {
            for server in 1...5 {
                all.renew(server, at: 0)
                all.pass(.milliseconds(600))
            }
        }
        all.blind = Set((1...5).map { [0, $0] })
        return all
    }

    @Test func `cut off from all its servers it lists all of them, stale, and none of them has to come back`() throws {
        var all = try Self.cutOff()
        all.pass(.seconds(60))
        #expect(try all.hosts("data.rondo", at: 0) == [2, 3])
        #expect(try all.hosts("router.rondo", at: 0) == [4, 5, 6])
        let answer = try all.desks[0].dig("data.rondo")
        #expect(answer.additionals.first?.data == .unknown([0, 15, 0, 2, 0, 3]), "EDE 3, Stale Answer")
        all.blind = []
        for server in 1...5 { #expect(all.renew(server, at: 0)?.outcome == .granted) }
        #expect(try all.hosts("server.rondo", at: 0) == [1, 2, 3, 4, 5, 6])
        #expect(all.map(0).allSatisfy { $0.life.incarnation == Incarnation(1) })
    }

    @Test func `while one role is heard again the other is served stale, and who stays away then goes`() throws {
        var all = try Self.cutOff()
        all.pass(.seconds(30))
        all.blind = [[0, 1], [0, 2], [0, 5]]
        all.lives[5] = nil
        all.live(.seconds(15)) { _ in 0 }
        #expect(try all.hosts("router.rondo", at: 0) == [4, 5])
        #expect(try all.hosts("data.rondo", at: 0) == [2, 3])
        #expect(all.desks[0].registry.server(ServerID(5)) == nil, "it let ten seconds pass")
        all.blind = []
        for server in [1, 2] { #expect(all.renew(server, at: 0)?.outcome == .granted) }
    }

    @Test func `stale answers end after an hour`() throws {
        var all = try Self.cutOff()
        all.pass(.seconds(3_600))
        #expect(try all.hosts("data.rondo", at: 0) == [2, 3])
        all.pass(.seconds(30))
        #expect(try all.hosts("data.rondo", at: 0) == [])
    }

    @Test func `two servers of ten that fall silent go at once: the others renew`() throws {
        var all = try Registries.withFive(1)
        for server in 6...10 { all.start(server, .router, at: 0) }
        (all.lives[4], all.lives[5]) = (nil, nil)
        all.live(.seconds(12)) { _ in 0 }
        #expect(all.desks[0].registry.server(ServerID(4)) == nil)
        #expect(all.desks[0].registry.server(ServerID(5)) == nil)
    }

    @Test func `cut off from its servers but not from its peers it goes on`() throws {
        var all = try Registries.withFive(2)
        all.blind = Set((1...5).map { [0, $0] })
        all.live(.seconds(60)) { _ in 1 }
        #expect(all.asked == 0)
        #expect(try all.hosts("router.rondo", at: 0) == [4, 5, 6])
    }
}
