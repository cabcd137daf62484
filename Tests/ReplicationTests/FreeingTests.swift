import Model
import Placement
import Replication
import Testing

@Suite struct FreeingTests {
    private static func hash(_ byte: UInt8) -> ContentHash {
        guard let hash = ContentHash(bytes: [UInt8](repeating: byte, count: 32)) else { preconditionFailure() }
        return hash
    }

    private let ids = (1...5).map { ServerID(UInt128($0) << 120) }
    private var placement: Placement { Placement(ids.map { .init(id: $0, role: .data) }) }

    /// A chunk that placement wants on three others than the first server, and one that it wants there.
    private func chunk(wantedHere: Bool) throws -> ContentHash {
        let all = (0...255).map { Self.hash(UInt8($0)) }
        return try #require(
            all.first { placement.holders(of: $0, count: 3).contains(ids[0]) == wantedHere })
    }

    private struct Round {
        var machine: Freeing
        var effects: [Freeing.Effect] = []

        init(_ own: ServerID) { machine = Freeing(own: own) }

        mutating func feed(_ event: Freeing.Event) -> [Freeing.Effect] {
            effects = []
            machine.handle(event, into: &effects)
            return effects
        }
    }

    private func round(isWhole: Bool = true, isSettled: Bool = true) -> Round {
        var round = Round(ids[0])
        let begun = round.feed(
            .tokenTaken(placement, others: Array(ids.dropFirst()), isWhole: isWhole, isSettled: isSettled))
        #expect(begun == [.list(after: nil, limit: 2_000)])
        return round
    }

    private func questions(_ effects: [Freeing.Effect]) -> [(Int, ServerID, [ContentHash])] {
        effects.compactMap {
            switch $0 {
            case .askNeed(let question, let server, let chunks), .askReceipt(let question, let server, let chunks):
                (question, server, chunks)
            default: nil
            }
        }
    }

    @Test func `what nobody needs is removed when every other server has said so`() throws {
        var round = round()
        let chunk = try chunk(wantedHere: true)
        let asked = questions(round.feed(.listed([.init(chunk, isNeeded: false)], end: nil)))
        #expect(asked.map(\.1) == Array(ids.dropFirst()) && asked.allSatisfy { $0.2 == [chunk] })
        for question in asked.dropLast() { #expect(round.feed(.answered(question: question.0, [false])).isEmpty) }
        #expect(round.feed(.answered(question: asked[3].0, [false])) == [.remove(chunk)])
        #expect(round.feed(.removed(chunk, succeeded: true)) == [.ended(freed: 1)])
    }

    @Test(arguments: [[true], nil, []] as [[Bool]?])
    func `one that needs it, does not answer or answers nonsense keeps it`(answer: [Bool]?) throws {
        var round = round()
        let asked = questions(
            round.feed(.listed([.init(try chunk(wantedHere: true), isNeeded: false)], end: nil)))
        _ = round.feed(.answered(question: asked[0].0, answer))
        for question in asked.dropFirst().dropLast() { _ = round.feed(.answered(question: question.0, [false])) }
        #expect(round.feed(.answered(question: asked[3].0, [false])) == [.ended(freed: 0)])
    }

    @Test func `while somebody is missing nothing unneeded goes, and unsettled nothing that is surplus`() throws {
        let unneeded = Freeing.Listed(try chunk(wantedHere: true), isNeeded: false)
        let surplus = Freeing.Listed(try chunk(wantedHere: false), isNeeded: true)
        var missing = round(isWhole: false)
        let asked = questions(missing.feed(.listed([unneeded, surplus], end: nil)))
        #expect(!asked.isEmpty && asked.allSatisfy { $0.2 == [surplus.chunk] })
        var unsettled = round(isSettled: false)
        #expect(
            questions(unsettled.feed(.listed([unneeded, surplus], end: nil))).allSatisfy { $0.2 == [unneeded.chunk] })
    }

    @Test func `a copy too many goes against a receipt of each that should hold it`() throws {
        let surplus = try chunk(wantedHere: false)
        let wanted = Freeing.Listed(try chunk(wantedHere: true), isNeeded: true)
        for lacking in [nil, 0, 1, 2] {
            var round = round()
            let asked = questions(round.feed(.listed([.init(surplus, isNeeded: true), wanted], end: nil)))
            #expect(asked.map(\.1) == placement.holders(of: surplus, count: 3).sorted())
            var last: [Freeing.Effect] = []
            for (index, question) in asked.enumerated() {
                last = round.feed(.answered(question: question.0, [index != lacking]))
            }
            #expect(last == (lacking == nil ? [.remove(surplus)] : [.ended(freed: 0)]))
        }
    }

    @Test func `with fewer servers than copies nothing is surplus`() throws {
        var round = Round(ids[0])
        let small = Placement(ids.prefix(3).map { .init(id: $0, role: .data) })
        _ = round.feed(.tokenTaken(small, others: Array(ids[1...2]), isWhole: true, isSettled: true))
        #expect(
            round.feed(.listed([.init(try chunk(wantedHere: false), isNeeded: true)], end: nil)) == [.ended(freed: 0)])
    }

    @Test func `answers that come after the token has gone free nothing`() throws {
        var round = round()
        let chunk = try chunk(wantedHere: true)
        let asked = questions(round.feed(.listed([.init(chunk, isNeeded: false)], end: nil)))
        #expect(round.feed(.tokenLost).isEmpty)
        for question in asked { #expect(round.feed(.answered(question: question.0, [false])).isEmpty) }
        // Nor do they in a later round.
        _ = round.feed(.tokenTaken(placement, others: Array(ids.dropFirst()), isWhole: true, isSettled: true))
        for question in asked { #expect(round.feed(.answered(question: question.0, [false])).isEmpty) }
        let again = questions(round.feed(.listed([.init(chunk, isNeeded: false)], end: nil)))
        #expect(Set(again.map(\.0)).isDisjoint(with: asked.map(\.0)))
    }

    @Test func `each round goes on where the one before ended, and then begins anew`() throws {
        var round = round()
        let end = Self.hash(9)
        #expect(round.feed(.listed([], end: end)) == [.ended(freed: 0)])
        let all = Array(ids.dropFirst())
        let next = round.feed(.tokenTaken(placement, others: all, isWhole: true, isSettled: true))
        #expect(next == [.list(after: end, limit: 2_000)])
        _ = round.feed(.listed([], end: nil))
        let anew = round.feed(.tokenTaken(placement, others: all, isWhole: true, isSettled: true))
        #expect(anew == [.list(after: nil, limit: 2_000)])
    }

    @Test func `a chunk with a lease, which the disk does not remove, ends the round all the same`() throws {
        var round = Round(ids[0])
        _ = round.feed(.tokenTaken(placement, others: [], isWhole: true, isSettled: true))
        let chunk = try chunk(wantedHere: true)
        #expect(round.feed(.listed([.init(chunk, isNeeded: false)], end: nil)) == [.remove(chunk)])
        // While the disk is busy the token comes and goes.
        #expect(round.feed(.tokenLost).isEmpty)
        #expect(round.feed(.tokenTaken(placement, others: [], isWhole: true, isSettled: true)).isEmpty)
        #expect(round.feed(.removed(chunk, succeeded: false)) == [.ended(freed: 0)])
        #expect(!round.feed(.tokenTaken(placement, others: [], isWhole: true, isSettled: true)).isEmpty)
    }
}
