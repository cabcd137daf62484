import Model
import Testing
import Wire

@testable import Registry

/// What travels of the updates that were carried out.
@Suite struct LastUpdatesTests {
    private static func signature(_ time: UInt64, _ number: UInt8) -> TSIG {
        var signature = TSIG(time: time, originalID: 1)
        signature.code = [UInt8](repeating: number, count: 32)
        return signature
    }

    private static func random(_ generator: inout SeededGenerator) -> LastUpdates {
        let time = UInt64.random(in: 100...102, using: &generator)
        return (0..<Int.random(in: 0..<8, using: &generator)).reduce(
            LastUpdates(signature(time, UInt8.random(in: 1...12, using: &generator)))
        ) { all, _ in all.joined(with: LastUpdates(signature(time, UInt8.random(in: 1...12, using: &generator)))) }
    }

    @Test func `they join to the same in every order and however often, and to nothing that is below either`() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<5_000 {
            let (one, two, three) = (Self.random(&generator), Self.random(&generator), Self.random(&generator))
            let both = one.joined(with: two)
            #expect(both == two.joined(with: one))
            #expect(both.joined(with: three) == one.joined(with: two.joined(with: three)))
            #expect(one.joined(with: one) == one && both.joined(with: one) == both)
            #expect(both >= one && both >= two)
            #expect(one == two || (one < two) != (two < one))
        }
    }

    @Test func `whatever was in one of them is in both, or overtaken`() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<2_000 {
            let (one, two) = (Self.random(&generator), Self.random(&generator))
            let both = one.joined(with: two)
            for time in 100...103 as ClosedRange<UInt64> {
                for number in 1...12 as ClosedRange<UInt8> {
                    let signature = Self.signature(time, number)
                    let wasKnown = [one, two].contains { $0.contains(signature) || $0.overtakes(signature) }
                    if wasKnown { #expect(both.contains(signature) || both.overtakes(signature)) }
                }
            }
        }
    }

    @Test func `of more than eight in one second that second is over`() {
        let all = (1...9 as ClosedRange<UInt8>).map { LastUpdates(Self.signature(100, $0)) }
        let eight = all.dropLast().reduce(all[0]) { $0.joined(with: $1) }
        #expect(eight.contains(Self.signature(100, 8)) && !eight.overtakes(Self.signature(100, 9)))
        let nine = eight.joined(with: all[8])
        #expect(nine.overtakes(Self.signature(100, 10)) && !nine.overtakes(Self.signature(101, 1)))
    }

    @Test func `an entry and a version without them are understood, and have none`() throws {
        let life = #""life":{"id":"00000000000000000000000000000014","incarnation":1}"#
        let told = try WireJSON.decode(
            ToldEntry.self, from: Array(#"{\#(life),"term":2,"sequence":3,"reason":"left","remainingMs":5}"#.utf8))
        #expect(told.updates == nil && told.term == 2)
        let version = try WireJSON.decode(
            EntryVersion.self, from: Array(#"{\#(life),"term":2,"isRemoved":true,"sequence":0,"mark":7}"#.utf8))
        var later = version
        later.updates = LastUpdates(Self.signature(100, 1))
        #expect(version.updates == nil && version < later && !(later < version))
        #expect(try WireJSON.decode(EntryVersion.self, from: WireJSON.encode(later)) == later)
    }

    @Test func `what comes out of order or too long is put in order`() throws {
        let codes = Array(repeating: "9", count: 3) + ["4"] + (10...16).map(String.init)
        let few = try Self.entry(codes: ["9", "4", "9"])
        #expect(few.updates?.codes == [4, 9])
        #expect(try Self.entry(codes: codes).updates.map { [$0.time, UInt64($0.codes.count)] } == [101, 0])
    }

    private static func entry(codes: [String]) throws -> RegistryEntry {
        let text = """
            {"life":{"id":"00000000000000000000000000000014","incarnation":1},"term":0,"sequence":0,"remainingMs":5,
            "updates":{"time":100,"codes":[\(codes.joined(separator: ","))]}}
            """
        let told = try WireJSON.decode(ToldEntry.self, from: Array(text.utf8))
        return RegistryEntry(told, by: ServerID(1), lateness: .zero, at: Desk.start)
    }
}
