import Model
import Ring
import Simulation
import Testing

@Suite struct RandomWorldTests {
    /// Seeds that once ended badly: one death made two managers (35, 41, 57), and a ring of one had a name for one of
    /// its two duties (7, 26, 50).
    @Test(arguments: [7, 26, 35, 41, 50, 57] as [UInt64])
    func `A seed that found a fault once finds none now`(seed: UInt64) {
        let fault = RandomHistory.fault(seed: seed)
        #expect(fault == nil)
    }

    @Test(arguments: 0..<20)
    func `Twenty random worlds of faults heal into one ring with the right roles and names`(block: Int) {
        for seed in block * 20..<(block + 1) * 20 {
            let fault = RandomHistory.fault(seed: UInt64(seed))
            #expect(fault == nil, "seed \(seed)")
        }
    }
}
