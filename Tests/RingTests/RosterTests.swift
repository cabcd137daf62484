import Model
import Testing

@testable import Ring

/// Entries of few servers, lives and versions, so that random ones collide often.
func randomEntry(_ generator: inout SeededGenerator) -> RosterEntry {
    let id = ServerID(UInt128(Int.random(in: 1...4, using: &generator)))
    let incarnation = UInt64.random(in: 1...3, using: &generator)
    var entry = RosterEntry(
        id: id, incarnation: Incarnation(incarnation), startNonce: incarnation, role: .data, host: .loopback,
        peerPort: 7700, httpPort: 8080)
    entry.version = UInt64.random(in: 1...3, using: &generator)
    entry.role = entry.version % 2 == 0 ? .data : .router
    entry.state = ServerState.allCases.randomElement(using: &generator) ?? .alive
    entry.deadSeconds = entry.isPresent ? 0 : Int64.random(in: 0...5, using: &generator)
    entry.unconfirmed = entry.state == .dead && Bool.random(using: &generator)
    return entry
}

func randomRoster(_ generator: inout SeededGenerator) -> Roster {
    Roster((0..<Int.random(in: 0...6, using: &generator)).map { _ in randomEntry(&generator) })
}

func server(_ number: UInt64, role: Role = .data) -> RosterEntry {
    RosterEntry(
        id: ServerID(UInt128(number)), incarnation: Incarnation(1), startNonce: number, role: role,
        host: HostAddress(10, 0, 0, UInt8(number)), peerPort: 7700, httpPort: 8080)
}

func manyEntry(_ value: UInt128) -> RosterEntry {
    RosterEntry(
        id: ServerID(value), incarnation: Incarnation(1), startNonce: 1, role: .data, host: .loopback, peerPort: 7700,
        httpPort: 8080)
}

@Suite struct RosterTests {
    @Test func `Merging is commutative, associative and idempotent`() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            let (a, b, c) = (randomRoster(&generator), randomRoster(&generator), randomRoster(&generator))
            func union(_ one: Roster, _ other: Roster) -> Roster {
                var union = one
                union.merge(other)
                return union
            }
            #expect(union(a, b) == union(b, a))
            #expect(union(a, union(b, c)) == union(union(a, b), c))
            #expect(union(a, a) == a)
        }
    }

    @Test func `The digest follows the entries through every change`() {
        var generator = SeededGenerator(seed: 2)
        var roster = Roster()
        for _ in 0..<500 {
            roster.merge(randomEntry(&generator))
            #expect(roster.digest == Roster(roster.entries).digest)
            #expect(roster.presentCount == roster.present.count)
            #expect(roster.entries.map(\.id) == roster.entries.map(\.id).sorted())
        }
    }

    /// Any order of the same news gives the same tree, so that servers may share it; ids with a common beginning make
    /// it deep.
    @Test func `A roster's tree follows from its entries, whatever way they came`() {
        var generator = SeededGenerator(seed: 5)
        let entries = (0..<400).map { number in
            var entry = manyEntry(number % 2 == 0 ? UInt128(generator.next()) << 64 : UInt128(number))
            if number % 7 == 0 { entry.state = .dead }
            return entry
        }
        let one = Roster(entries)
        var other = Roster(entries.shuffled(using: &generator))
        #expect(one == other)
        #expect(one.entries == entries.sorted { $0.id < $1.id })
        #expect(one.present.count == one.presentCount && one.gone.count == one.goneCount)
        other.share(with: one)
        #expect(other.root == one.root)
        other.merge(manyEntry(7 << 100))
        #expect(other != one)
        for entry in entries { #expect(other[entry.id] == entry) }
        #expect(other[ServerID(1 << 90)] == nil)
    }

    @Test func `Walks round a large roster find what a sorted list has`() {
        var generator = SeededGenerator(seed: 6)
        let entries = (0..<300).map { _ in
            var entry = manyEntry(UInt128(generator.next()) << 64 | UInt128(generator.next()))
            if Bool.random(using: &generator) { entry.state = .dead }
            return entry
        }.sorted { $0.id < $1.id }
        let roster = Roster(entries)
        for index in stride(from: 0, to: 300, by: 11) {
            let id = entries[index].id
            let round = Array(entries[(index + 1)...] + entries[..<index])
            let present = round.filter(\.isPresent).map(\.id)
            #expect(roster.clockwise(after: id).map(\.id) == present)
            #expect(roster.clockwise(after: id, limit: 3).map(\.id) == Array(present.prefix(3)))
            let before = Array(present.reversed().prefix(4))
            #expect(roster.counterclockwise(before: id, limit: 4).map(\.id) == before)
            let last = round[150].id
            #expect(
                roster.presentIDs(after: id, through: last) == round[...150].filter(\.isPresent).map(\.id))
            let dead = round[..<150].filter { $0.state == .dead }.map(\.id)
            #expect(roster.dead(between: id, and: last, limit: 500).map(\.id) == dead)
        }
        for place in 0..<roster.goneCount { #expect(roster.dead(at: place)?.id == roster.gone[place].id) }
    }

    @Test func `The digest is the same in every process`() {
        #expect(Roster([server(1), server(2)]).digest == 2_283_717_371_513_075_374)
    }

    @Test func `A role change does not undo a death of the same incarnation`() {
        var dead = server(1)
        dead.version = 7
        dead.state = .dead
        var changed = server(1, role: .router)
        changed.version = 8
        var roster = Roster([dead])
        let undone = roster.merge(changed)
        #expect(!undone)
        #expect(roster[dead.id]?.state == .dead)
        changed.incarnation = Incarnation(2)
        let returned = roster.merge(changed)
        #expect(returned)
        #expect(roster[dead.id]?.state == .alive)
    }

    @Test func `A goodbye outranks a death, in whatever order they are told`() {
        var (left, dead) = (server(1), server(1))
        left.state = .left
        dead.state = .dead
        dead.version = 9
        #expect(Roster([left, dead])[left.id]?.state == .left)
        #expect(Roster([dead, left])[left.id]?.state == .left)
    }

    @Test func `Of one life the newer version counts`() {
        var newer = server(1, role: .router)
        newer.version = 2
        #expect(Roster([server(1), newer])[newer.id]?.role == .router)
        #expect(Roster([newer, server(1)])[newer.id]?.role == .router)
    }

    @Test func `A death keeps the greatest age that anyone knows`() {
        var (young, old) = (server(1), server(1))
        (young.state, old.state) = (.dead, .dead)
        (young.deadSeconds, old.deadSeconds) = (5, 500)
        #expect(Roster([young, old]).entries.map(\.deadSeconds) == [500])
        #expect(Roster([old, young]).entries.map(\.deadSeconds) == [500])
    }

    @Test func `The dead are forgotten by their own age, not by when they were learnt`() {
        var dead = server(1)
        dead.state = .dead
        dead.deadSeconds = 86_399
        var roster = Roster([dead, server(2)])
        roster.ageDead(by: 1, forgettingAfter: .seconds(86_400))
        #expect(roster.entries.map(\.id) == [server(2).id])
        #expect(roster.digest == Roster([server(2)]).digest)
    }

    @Test func `Leaving servers are present but hold no role`() {
        var leaving = server(1)
        leaving.leaving = true
        let roster = Roster([leaving, server(2), server(3, role: .router)])
        #expect(roster.presentCount == 3)
        #expect(roster.counts == RoleCounts(data: 1, router: 1))
    }
}

@Suite struct LinksTests {
    private func links(_ number: UInt64, among numbers: [UInt64], suspects: Set<ServerID> = []) -> [UInt128?] {
        let links = Links(of: ServerID(UInt128(number)), in: Roster(numbers.map { server($0) }), passingOver: suspects)
        return [links.predecessor, links.successor, links.secondSuccessor].map { $0?.id.value }
    }

    @Test func `One server is alone`() { #expect(links(1, among: [1]) == [nil, nil, nil]) }

    @Test func `Of two, each is the other's predecessor and successor`() {
        #expect(links(1, among: [1, 2]) == [2, 2, nil])
        #expect(links(2, among: [1, 2]) == [1, 1, nil])
    }

    @Test func `Of three, the second successor is the predecessor`() {
        #expect(links(1, among: [1, 2, 3]) == [3, 2, 3])
        #expect(links(3, among: [1, 2, 3]) == [2, 1, 2])
    }

    @Test func `A server observes its successor and its second successor`() {
        let links = Links(of: ServerID(2), in: Roster([1, 2, 3, 4, 5].map { server($0) }))
        #expect(links.observed == [life(3), life(4)])
    }

    @Test func `Links go round the end of the ids`() { #expect(links(9, among: [1, 3, 7, 9]) == [7, 1, 3]) }

    @Test func `Suspects and the dead are passed over`() {
        #expect(links(1, among: [1, 2, 3, 4], suspects: [ServerID(2)]) == [4, 3, 4])
        var dead = server(3)
        dead.state = .dead
        let links = Links(of: ServerID(2), in: Roster([server(1), server(2), dead, server(4)]))
        #expect(links.successor?.id == ServerID(4))
    }
}

@Suite struct ProbeTests {
    private let probe = Probe(
        kind: .ping, from: ServerLife(id: ServerID(1 << 100), incarnation: Incarnation(7)),
        to: ServerLife(id: ServerID(5), incarnation: Incarnation(9)), sequence: 0xFFEE_DDCC, digest: .max - 1,
        epoch: Epoch(counter: 3, manager: ServerID(8)), token: TokenMark(serial: 11, holder: ServerID(12)))

    @Test func `A probe survives its encoding`() throws {
        #expect(probe.encoded.count == Probe.length)
        #expect(try Probe(decoding: probe.encoded) == probe)
    }

    @Test func `A heartbeat tells the epoch and the token in turn`() throws {
        var beat = probe
        beat.kind = .heartbeat
        beat.sequence = 2
        #expect(beat.encoded.count == Probe.heartbeatLength)
        let even = try Probe(decoding: beat.encoded)
        #expect(even.epoch == probe.epoch && even.token == .none)
        beat.sequence = 3
        let odd = try Probe(decoding: beat.encoded)
        #expect(odd.epoch == .none && odd.token == probe.token)
        #expect(odd.digest == probe.digest)
    }

    @Test func `Other lengths, versions and kinds are refused`() {
        #expect(throws: ProbeError.wrongLength(0)) { try Probe(decoding: []) }
        #expect(throws: ProbeError.wrongLength(Probe.length + 1)) { try Probe(decoding: probe.encoded + [0]) }
        var bytes = probe.encoded
        bytes[0] = 9
        #expect(throws: ProbeError.unknownVersion(9)) { try Probe(decoding: bytes) }
        bytes = probe.encoded
        bytes[1] = 4
        #expect(throws: ProbeError.unknownKind(4)) { try Probe(decoding: bytes) }
    }

    @Test func `Random bytes of the right length never trap`() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<1_000 {
            var bytes = (0..<Probe.length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes[0] = 1
            bytes[1] = 1 + bytes[1] % 3
            if bytes[1] == 3 { bytes.removeLast(24) }
            #expect(try Probe(decoding: bytes).encoded == bytes)
        }
    }
}
