import Linux
import Model
import Platform
import Simulation

/// What would need more time or more hosts than there are: figures of simulated worlds, which run the same ring.
@Loop
struct SimulatedBench {
    /// Of twenty, as many parts of the worlds are run.
    let runs: Int
    let clock: LinuxClock
    let say: @Loop (String) -> Void

    /// In worlds of a hundred servers, so long that they are ten million server-seconds together.
    private static let serverSeconds = 10_000_000
    private static let worlds = 10
    private static let wholeRuns = 20
    private static let servers = 100

    func run() -> [Figure] { [falseDeaths()] + healings() + traffic() }

    private func falseDeaths() -> Figure {
        let wanted = Self.serverSeconds / Self.worlds / Self.servers * min(runs, Self.wholeRuns) / Self.wholeRuns
        // Worlds run for whole minutes.
        let length = (wanted + 59) / 60 * 60
        let millions = Double(length * Self.worlds * Self.servers) / 1_000_000
        var figure = Figure(
            "false deaths in \(millions) million simulated server-seconds (5 % loss, 50 ms jitter, pauses)",
            servers: Self.servers, unit: .count, bound: .init(worst: 0))
        var deaths = 0
        for world in 0..<Self.worlds {
            let begin = clock.now
            let found = RingFigures.falseDeaths(servers: Self.servers, seconds: length, seed: UInt64(world + 1))
            deaths += found.deaths
            say("\(found.serverSeconds) simulated server-seconds: \(found.deaths) deaths, \(clock.now - begin)")
        }
        // One figure of all worlds together.
        figure.samples = [Double(deaths)]
        return figure
    }

    private func healings() -> [Figure] {
        [10, 30].flatMap { count in
            let healings = (1...runs).map { RingFigures.healing(servers: count, seed: UInt64($0)) }
            var deaths = Figure(
                "simulated halves healed: reachable servers declared dead", servers: count, unit: .count,
                bound: .init(worst: 0))
            deaths.samples = healings.map { Double($0.falseDeaths) }
            var time = Figure("… one ring with equal rosters", servers: count)
            time.samples = healings.map { $0.time.map { Double($0) } ?? .infinity }
            return [deaths, time]
        }
    }

    /// Both ways at once: the samples are what the mean server sends, the mean server receives, and the busiest ones.
    private func traffic() -> [Figure] {
        let counts = [100, 10_000]
        let rates = counts.map { RingFigures.traffic(servers: $0, seconds: 10, seed: 1) }
        var figures = zip(counts, rates).map { count, rate in
            var figure = Figure(
                "steady traffic of a simulated server, sent and received", servers: count, unit: .rate,
                bound: .init(worst: 2_000))
            figure.samples = [rate.sentMean, rate.receivedMean]
            say("busiest of \(count) simulated servers: sends \(rate.sentMost), receives \(rate.receivedMost) B/s")
            return figure
        }
        var growth = Figure(
            "… of a mean server among 10,000, to that among 100", servers: nil, unit: .ratio,
            bound: .init(worst: 1.05, least: 0.95))
        growth.samples = [rates[1].sentMean / rates[0].sentMean, rates[1].receivedMean / rates[0].receivedMean]
        figures.append(growth)
        return figures
    }
}
