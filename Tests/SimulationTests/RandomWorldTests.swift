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

    /// A provisional server left Data, one of three that counted by the roster. It alone had seen one of them die three
    /// times (634), and the checker took its view for the truth; now no server has a view of its own.
    @Test(arguments: [634, 1598] as [UInt64])
    func `Whether a switch leaves two Data is judged by what all agree on`(seed: UInt64) {
        let fault = RandomHistory.fault(seed: seed)
        #expect(fault == nil)
    }

    /// Each server once had its own view of who had died too often: whoever held the token decided, and nobody
    /// followed. The target is that of those that count: of all, three Data and two Routers stay until the damped one's
    /// rest is over.
    @Test func `Who is damped is the same for all, so that a decision is followed`() {
        let fault = RandomHistory.fault(seed: 1291)
        #expect(fault == nil)
    }

    /// A registry that had been told of a renewal a moment before once kept the old size of the ring.
    @Test(arguments: [1421, 3864, 4119] as [UInt64])
    func `A ring of one has a name for both duties at every registry`(seed: UInt64) {
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
