import Model
import Placement
import Testing

@Suite struct PlacementTests {
    private func servers(_ count: Int, data: Int, seed: UInt64 = 1) -> [Placement.Candidate] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { .init(id: .random(using: &generator), role: $0 < data ? .data : .router) }
    }

    private func chunks(_ count: Int) -> [ContentHash] {
        var generator = SeededGenerator(seed: 99)
        return (0..<count).compactMap { _ in
            ContentHash(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
    }

    @Test func `placement does not depend on the order in which servers are known`() {
        let known = servers(9, data: 4)
        for chunk in chunks(50) {
            #expect(Placement(known).order(of: chunk) == Placement(known.reversed()).order(of: chunk))
        }
    }

    @Test func `data servers come first and routers keep the rest in reserve`() {
        let known = servers(5, data: 2)
        let data = Set(known.prefix(2).map(\.id))
        let placement = Placement(known)
        for chunk in chunks(50) {
            let holders = placement.holders(of: chunk, count: 3)
            #expect(Set(holders.prefix(2)) == data)
            #expect(holders.count == 3 && Set(holders).count == 3)
        }
    }

    @Test func `the order is by growing distance, each server once`() {
        let known = servers(6, data: 6)
        for chunk in chunks(50) {
            #expect(Set(Placement(known).order(of: chunk)) == Set(known.map(\.id)))
            #expect(Placement(known).order(of: chunk).prefix(3) == Placement(known).holders(of: chunk, count: 3)[...])
        }
    }

    @Test func `ten data servers share the load within a fifth of the mean`() {
        let known = servers(10, data: 10)
        let placement = Placement(known)
        var load: [ServerID: Int] = [:]
        for chunk in chunks(4000) {
            for holder in placement.holders(of: chunk, count: 3) { load[holder, default: 0] += 1 }
        }
        #expect(load.count == 10)
        #expect(Double(load.values.max() ?? 0) < 1.2 * 1200)
    }

    @Test func `the death of one server moves only what it held`() {
        let known = servers(10, data: 10)
        let dead = known[3].id
        let before = Placement(known)
        let after = Placement(known.filter { $0.id != dead })
        for chunk in chunks(300) {
            let kept = before.holders(of: chunk, count: 3).filter { $0 != dead }
            #expect(Set(after.holders(of: chunk, count: 3)).isSuperset(of: kept))
        }
    }

    @Test func `nobody alive means nobody holds`() {
        #expect(Placement([]).order(of: chunks(1)[0]).isEmpty)
    }
}
