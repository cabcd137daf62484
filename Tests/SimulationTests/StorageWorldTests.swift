import Simulation
import Testing

@Suite struct StorageWorldTests {
    /// `rondo simulate --music 10000` plays more of them.
    @Test(arguments: 0..<5)
    func `Random histories of uploads, deletions and losses keep what was promised and nothing else`(block: Int) {
        for seed in block * 5..<(block + 1) * 5 {
            var history = StorageHistory(seed: UInt64(seed))
            let fault = history.fault()
            #expect(fault == nil, "seed \(seed)")
        }
    }

    /// A third copy was there already, for another song. Its holder never learnt that this one needs it too, and freed
    /// it once those who knew had lost their disks one after the other.
    @Test(arguments: [10_736, 20_987] as [UInt64])
    func `Repair brings the reason with the copy, also where the copy is there already`(seed: UInt64) {
        var history = StorageHistory(seed: seed)
        let fault = history.fault()
        #expect(fault == nil)
    }

    @Test func `The histories are what they claim to be: songs come, and chunks go`() {
        var (acknowledged, freed) = (0, 0)
        for seed in 0..<5 {
            var history = StorageHistory(seed: UInt64(seed))
            _ = history.fault()
            acknowledged += history.world.acknowledged
            freed += history.world.freed
        }
        #expect(acknowledged > 50 && freed > 100, "\(acknowledged) songs acknowledged, \(freed) chunks freed")
    }
}
