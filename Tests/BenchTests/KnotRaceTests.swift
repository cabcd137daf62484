import Testing

@testable import bench_ring

@Suite struct KnotRaceTests {
    @Test func `the race's table is read: the ratios by the clock, and how many answers were wrong`() {
        let text = """
            round  registry q/s  Knot q/s  ratio   registry q/CPU-s  Knot q/CPU-s  ratio   lost
                1         90000    100000   0.90             100000        100000   1.00   0+3
                2        110000    100000   1.10             110000        100000   1.10   0+0
            median of the ratios: 1.10 by the clock, 1.10 by CPU time; bound 0.80
            answers that were compared: 512, wrong: 1
            """
        let figures = KnotRace.figures(text)
        #expect(figures[0].samples == [0.9, 1.1] && figures[0].holds == true)
        #expect(figures[0].note == "100000 to 100000 queries/s")
        #expect(figures[1].samples == [1] && figures[1].holds == false && figures[1].note == "of 512")
        #expect(KnotRace.figures("").map(\.holds) == [false, false])
    }
}
