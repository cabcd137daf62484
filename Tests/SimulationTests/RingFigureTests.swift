import Model
import Ring
import Simulation
import Testing

/// Short forms of what `RingFigures` measures.
@Suite struct RingFigureTests {
    @Test(arguments: [5, 10, 30])
    func `Loss, jitter and pauses give no false death in thirty thousand server-seconds`(servers: Int) {
        let result = RingFigures.falseDeaths(servers: servers, seconds: 36_000 / servers, seed: UInt64(servers))
        #expect(result.serverSeconds > 30_000)
        #expect(result.deaths == 0)
    }

    @Test(arguments: [10, 30]) func `Halves that meet again declare nobody dead and nobody falls behind`(servers: Int) {
        let result = RingFigures.healing(servers: servers, seed: 3, split: .seconds(10))
        #expect(result.falseDeaths == 0)
        #expect(result.smallestView == servers / 2)
        #expect(result.time.map { $0 < .seconds(2) } == true)
    }

    /// Without gatherers each tells everybody what it read in exchanges, and then 200 entries a pair are told.
    @Test func `Large halves that meet again declare nobody dead, and tell each entry a few times and not a hundred`() {
        let servers = 160
        let result = RingFigures.healing(servers: servers, seed: 3, split: .seconds(3))
        #expect(result.falseDeaths == 0)
        #expect(result.time.map { $0 < .seconds(6) } == true)
        #expect(result.told < 8 * servers * servers)
    }

    @Test func `A quiet server's traffic is bounded, and the same in a hundred as in a thousand`() {
        let small = RingFigures.traffic(servers: 100, seconds: 10, seed: 1)
        let large = RingFigures.traffic(servers: 1_000, seconds: 4, seed: 1)
        for rates in [small, large] { #expect(rates.sentMost < 2_000 && rates.receivedMost < 2_000, "\(rates)") }
        #expect(abs(large.sentMean / small.sentMean - 1) < 0.05)
    }

    @Test(arguments: RingFigures.Failure.allCases)
    func `A thousand servers know within a second and a half that one is gone`(failure: RingFigures.Failure) {
        let time = RingFigures.detection(of: failure, servers: 1_000, seed: 77)
        #expect(time.map { $0 < (failure == .kill ? .milliseconds(300) : .milliseconds(1_500)) } == true)
    }
}
