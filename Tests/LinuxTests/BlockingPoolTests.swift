import Platform
import Testing

@testable import Linux

@Suite struct BlockingPoolTests {
    private struct Refused: Error, Equatable { var number: Int }

    @Test func `a pool returns what its jobs return and throws what they throw`() async throws {
        let pool = BlockingPool(name: "test", threads: 2)
        let sum = await pool.run { (1...100).reduce(0, +) }
        #expect(sum == 5_050)
        await #expect(throws: Refused(number: 7)) {
            try await pool.run { () throws(Refused) -> Int in throw Refused(number: 7) }
        }
    }

    @Test func `one thread runs jobs one at a time in the order in which they came`() async {
        let pool = BlockingPool(name: "serial", threads: 1)
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            // Each is queued before the next one is made, since the first one holds the thread until all are there.
            let gate = Gate()
            group.addTask { await pool.run { gate.wait() } }
            while pool.load < 1 { await Task.yield() }
            for number in 0..<2_000 {
                group.addTask { await pool.run { order.append(number) } }
                while pool.load < number + 2 { await Task.yield() }
            }
            gate.open()
        }
        #expect(order.numbers == Array(0..<2_000))
    }

    @Test func `a released pool finishes its jobs first`() async {
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            let pool = BlockingPool(name: "short", threads: 3)
            for number in 0..<100 { group.addTask { await pool.run { order.append(number) } } }
        }
        #expect(order.numbers.count == 100)
    }
}

private final class Order: Sendable {
    private let list = Locked<[Int]>([])
    var numbers: [Int] { list.withLock { $0 } }
    func append(_ number: Int) { list.withLock { $0.append(number) } }
}

private final class Gate: Sendable {
    private let isOpen = Locked(false)
    func open() { isOpen.withLock { $0 = true } }
    func wait() { while !isOpen.withLock({ $0 }) {} }
}
