import Model
import Testing

@testable import Registry

/// Updates that somebody overheard on their way to one registry, brought to another.
@Suite struct SharedUpdateTests {
    private func add(_ number: Int, _ last: UInt8, role: String = "data") throws -> [DNSRecord] {
        [try Lines.address(number, last), try Lines.text(number, "role=\(role)")]
    }

    private func delete(_ number: Int) throws -> [DNSRecord] { [Lines.empty(try Lines.name(number), .any, .any)] }

    /// Three registries with five servers, and a name that an update gave at the first of them.
    private func named() throws -> (Registries, packet: [UInt8]) {
        var all = try Registries.withFive(3)
        let packet = try all.signed(add(20, 99))
        #expect(try all.bring(packet, to: 0) == (.noError, .accepted))
        all.pass(.milliseconds(20))
        return (all, packet)
    }

    @Test func `what one registry carried out another answers alike, and does not carry it out again`() throws {
        var (all, packet) = try named()
        all.pass(.seconds(2))
        let before = (0..<3).map { all.desks[$0].registry.leases(at: all.now) }
        for registry in 1...2 { #expect(try all.bring(packet, to: registry, from: 4001) == (.noError, .repeated)) }
        #expect((0..<3).map { all.desks[$0].registry.leases(at: all.now) } == before, "it does not even renew")
        #expect(try all.bring(packet, to: 0, from: 4001) == (.refused, .replayed))
    }

    @Test func `an update is not brought back at another registry after its lease was taken, for as long as it holds`()
        throws
    {
        var (all, packet) = try named()
        all.pass(.seconds(1))
        #expect(try all.bring(all.signed(delete(20)), to: 1) == (.noError, .accepted))
        for wait: Duration in [.milliseconds(20), .seconds(70), .seconds(220)] {
            all.live(wait) { _ in 0 }
            #expect(try all.bring(packet, to: 2) == (.notAuthoritative, .overtaken))
            for registry in 0..<3 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3]) }
        }
        #expect(all.agree)
        all.live(.seconds(620)) { _ in 0 }
        for registry in 0..<3 { #expect(all.desks[registry].registry.entries[ServerID(20)] == nil) }
        #expect(try all.bring(packet, to: 2).outcome == .badTime)
    }

    @Test func `nor is it after its lease ran out`() throws {
        var (all, packet) = try named()
        all.live(.seconds(200)) { _ in 0 }
        #expect(try all.bring(packet, to: 1) == (.noError, .repeated))
        for registry in 0..<3 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3]) }
    }

    @Test func `one that was held up comes too late at every registry after a later one`() throws {
        var (all, _) = try named()
        let late = try all.signed(delete(20))
        all.pass(.seconds(1))
        #expect(try all.bring(all.signed(add(20, 98)), to: 1) == (.noError, .accepted))
        all.pass(.milliseconds(20))
        for registry in 0..<3 {
            #expect(try all.bring(late, to: registry) == (.notAuthoritative, .overtaken))
            #expect(try all.hosts("data.rondo", at: registry) == [2, 3, 98])
        }
    }

    @Test func `taking a name that is not there takes nothing that comes later`() throws {
        var all = try Registries.withFive(2)
        let packet = try all.signed(delete(6))
        #expect(try all.bring(packet, to: 0) == (.noError, .accepted))
        all.pass(.milliseconds(20))
        all.start(6, .data, at: 1)
        all.live(.seconds(90)) { _ in 1 }
        #expect(try all.bring(packet, to: 1) == (.noError, .repeated))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3, 7]) }
    }

    @Test func `two of one second at two registries are carried out, and neither once more`() throws {
        var all = try Registries.withFive(3)
        let packets = [try all.signed(add(20, 99)), try all.signed(add(20, 98))]
        for registry in 0...1 {
            #expect(try all.bring(packets[registry], to: registry) == (.noError, .accepted))
            all.pass(.milliseconds(20))
        }
        for packet in packets.reversed() { #expect(try all.bring(packet, to: 2) == (.noError, .repeated)) }
        for registry in 0..<3 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3, 98]) }
    }

    @Test func `a life that a server begins by itself does not end what is known of its name's updates`() throws {
        var all = try Registries.withFive(2)
        let packet = try all.signed(delete(1))
        #expect(try all.bring(packet, to: 0) == (.noError, .accepted))
        all.pass(.milliseconds(20))
        all.start(1, .data, at: 1)
        all.pass(.milliseconds(20))
        #expect(try all.bring(packet, to: 1) == (.noError, .repeated))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3]) }
    }

    @Test func `a registry that missed all messages learns of updates within a second, one that starts anew at once`()
        throws
    {
        var all = try Registries.withFive(2)
        all.loss = 1
        let packet = try all.signed(delete(1))
        #expect(try all.bring(packet, to: 0) == (.noError, .accepted))
        all.start(1, .data, at: 1)
        all.pass(.milliseconds(100))
        all.loss = 0
        all.pass(.seconds(1))
        #expect(try all.bring(packet, to: 1) == (.noError, .repeated))
        all.kill(registry: 0)
        try all.restart(registry: 0, naming: [1])
        all.pass(.milliseconds(50))
        #expect(try all.bring(packet, to: 0) == (.noError, .repeated))
        for registry in 0...1 { #expect(try all.hosts("data.rondo", at: registry) == [2, 3]) }
        #expect(all.agree)
    }

    @Test func `where registries do not reach each other a replay is carried out once, and the later word wins`() throws
    {
        var (all, _) = try named()
        all.cuts = [[0, 1], [1, 2]]
        let packet = try all.signed(add(20, 99, role: "router"))
        #expect(try all.bring(packet, to: 0) == (.noError, .accepted))
        all.pass(.seconds(1))
        #expect(try all.bring(all.signed(delete(20)), to: 0) == (.noError, .accepted))
        all.pass(.milliseconds(20))
        #expect(try all.bring(packet, to: 1, from: 4001) == (.noError, .accepted))
        #expect(try all.bring(packet, to: 1, from: 4001).outcome == .repeated)
        #expect(try all.bring(packet, to: 2, from: 4001).outcome == .overtaken)
        all.cuts = []
        all.pass(.seconds(1))
        #expect(try all.bring(packet, to: 1, from: 4002).outcome == .replayed)
        for registry in 0..<3 { #expect(try all.hosts("router.rondo", at: registry) == [4, 5, 6]) }
        #expect(all.agree)
    }

    @Test func `where there is no room to remember it a name is not taken`() throws {
        var desk = try Desk.withFive(keys: [Registries.client.key])
        for number in desk.registry.entries.count..<Registry.maximumEntries {
            desk.report(1_000 + number)
        }
        #expect(try desk.update(Registries.client, delete(20)) == .serverFailure)
        #expect(try desk.update(Registries.client, delete(1)) == .noError)
    }

    @Test func `whatever was carried out changes nothing when it comes again, anywhere, in a hundred histories`() throws
    {
        for seed in 1...100 as ClosedRange<UInt64> {
            var all = try Registries(3, seed: seed)
            all.pass(.seconds(4))
            var heard: [[UInt8]] = []
            for _ in 0..<30 {
                let number = Int.random(in: 20...22, using: &all.random)
                let isGiven = Int.random(in: 0..<3, using: &all.random) > 0
                let last = UInt8.random(in: 90...93, using: &all.random)
                let packet = try all.signed(isGiven ? add(number, last) : delete(number))
                heard.append(packet)
                try all.bring(packet, to: Int.random(in: 0..<3, using: &all.random))
                all.pass(.milliseconds(Int64.random(in: 20...4_000, using: &all.random)))
                let maps = (0..<3).map { registry in all.desks[registry].registry.leases(at: all.now) }
                for _ in 0..<5 {
                    let replay = heard[Int.random(in: heard.indices, using: &all.random)]
                    try all.bring(replay, to: Int.random(in: 0..<3, using: &all.random), from: 4001)
                }
                let after = (0..<3).map { registry in all.desks[registry].registry.leases(at: all.now) }
                if after != maps { Issue.record("seed \(seed): a replay changes \(maps) to \(after)") }
            }
            all.pass(.seconds(1))
            #expect(all.agree, "seed \(seed)")
        }
    }
}
