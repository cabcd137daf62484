import Model
import Simulation
import Testing

/// What `rondo simulate` plays.
@Suite struct RehearsalTests {
    private func play(
        _ servers: Int, seed: UInt64, _ faults: Set<FaultKind> = Set(FaultKind.allCases), seconds: Int = 15
    ) -> Chronicle {
        var rehearsal = Rehearsal(
            Rehearsal.Settings(servers: servers, seed: seed, faults: faults, seconds: seconds))
        return rehearsal.run()
    }

    @Test(arguments: [1, 2, 3, 5, 7, 12]) func `A rehearsal of any size ends without a broken rule`(servers: Int) {
        let chronicle = play(servers, seed: UInt64(servers))
        #expect(chronicle.broken == [])
        #expect(chronicle.servers.count == servers)
        #expect(chronicle.census.last?.least == servers)
    }

    @Test func `The same seed gives the same history, another one another`() {
        let (one, again, other) = (play(5, seed: 3), play(5, seed: 3), play(5, seed: 4))
        #expect(one.trace == again.trace)
        #expect(one.moments.map(\.text) == again.moments.map(\.text))
        #expect(one.trace != other.trace)
    }

    @Test func `Every fault can be asked for alone, and is what happens`() {
        for fault in FaultKind.allCases {
            let chronicle = play(5, seed: 11, [fault])
            #expect(chronicle.broken == [], "\(fault.name)")
            let faults = chronicle.moments.filter { $0.kind == .fault }
            #expect(!faults.isEmpty, "\(fault.name)")
            #expect(chronicle.recoveries.allSatisfy { $0.fault == fault }, "\(fault.name)")
        }
    }

    @Test func `Without faults nobody is suspected`() {
        let chronicle = play(5, seed: 1, [])
        #expect(chronicle.broken == [])
        #expect(!chronicle.moments.contains { [.fault, .suspicion, .death].contains($0.kind) })
    }

    @Test func `A kill is measured from the kill to the last roster`() throws {
        let chronicle = play(7, seed: 2, [.kill], seconds: 40)
        let times = chronicle.recoveries.filter { !$0.wasDisturbed }
        #expect(times.count >= 3)
        for recovery in times {
            let around = try #require(recovery.routedAround)
            let gone = try #require(recovery.goneEverywhere)
            #expect(around > .zero && around <= gone && gone < .seconds(1), "\(recovery.text)")
        }
        #expect(chronicle.rounds.count >= times.count)
    }

    @Test func `The conditions of a server follow each other without a gap from the start to the end`() {
        let chronicle = play(5, seed: 9)
        for place in 0..<5 {
            let stretches = chronicle.stretches.filter { $0.place == place }
            #expect(
                zip(stretches, stretches.dropFirst()).allSatisfy { $0.end == $1.start && $0.condition != $1.condition })
            #expect(stretches.last.map { $0.end - .zero } == chronicle.length)
        }
        #expect(chronicle.spells.allSatisfy { $0.start < $0.end })
    }
}
