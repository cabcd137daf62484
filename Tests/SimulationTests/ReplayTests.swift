import Model
import Ring
import Simulation
import Testing

@Suite struct ReplayTests {
    private func trace(_ seed: UInt64) -> UInt64 {
        var world = RingWorld(seed: seed)
        var plan = FaultPlan(seed: seed, servers: 5, seconds: 6)
        plan.play(in: &world)
        world.run(for: .seconds(3))
        return world.trace
    }

    @Test func `One seed is one history`() {
        #expect(trace(7) == trace(7))
        #expect(trace(7) != trace(8))
    }

    /// The value comes from another process: if it differs from run to run, something follows the order of a hash
    /// table.
    @Test func `A history is the same in every process`() {
        #expect(trace(2026) == 1_091_573_624_954_963_271)
    }
}
