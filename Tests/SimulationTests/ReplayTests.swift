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
    /// table, as an alert's failures once did when one server had died twice.
    @Test func `Forty histories are the same in every process`() {
        let traces = (2000..<2040).map { trace($0) }
        #expect(traces.reduce(0) { $0 &* 31 &+ $1 } == 16_549_789_044_230_077_865)
    }
}
