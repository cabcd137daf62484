import Testing

@testable import bench_ring

@Suite struct ReportTests {
    private func figure(_ samples: [Double], _ bound: Figure.Bound, peer: [Double] = []) -> Figure {
        var figure = Figure("kill → gone", servers: 5, bound: bound)
        figure.samples = samples
        figure.peer = peer
        return figure
    }

    @Test func `a figure holds only where median and worst keep their bounds, and something was measured`() {
        #expect(figure([0.01, 0.02, 0.09], .init(median: 0.02, worst: 0.1)).holds == true)
        #expect(figure([0.01, 0.03, 0.09], .init(median: 0.02, worst: 0.1)).holds == false)
        #expect(figure([0.01, 0.02, 0.11], .init(median: 0.02, worst: 0.1)).holds == false)
        #expect(figure([0.01, .infinity], .init(worst: 0.1)).holds == false)
        #expect(figure([], .init(worst: 0.1)).holds == false)
        #expect(figure([1.2, 0.7], .init(least: 0.8)).holds == false)
        #expect(figure([1, 2], .init()).holds == nil)
    }

    @Test func `the table has median, worst, bound, the peer's and how many times they are ours`() {
        let figures = [
            figure([0.005, 0.007], .init(median: 0.02, worst: 0.1), peer: [6, 8]), figure([.infinity], .init(worst: 1)),
        ]
        #expect(
            Table.text(figures) == """
                figure       N  runs  median   worst                       bound    serf   worst   ratio
                kill → gone  5     2  6.0 ms  7.0 ms  median ≤ 20.0 ms, ≤ 100 ms  7.00 s  8.00 s  1166.7  ok
                kill → gone  5     1   never   never                    ≤ 1.00 s                          MISSED

                """)
    }

    @Test func `what the kernel counts on a cable is read from the host's end, without the frames' heads`() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
            cable4:   11400     100    0    0    0     0          0         0     2280      20    0    0    0     0    0    0
            """
        #expect(InterfaceCounters.read(text) == ["cable4": InterfaceCounters(sent: 10_000, received: 2_000)])
    }

    @Test func `options are read, and what they cannot mean is said`() throws {
        let options = try Options.read(["--runs", "3", "--servers", "5,30", "--only", "kill,start", "--partition", "9"])
        #expect(options.runs == 3 && options.servers == [5, 30] && options.parts == [.kill, .start])
        #expect(options.partition == .seconds(9))
        for wrong in [["--runs"], ["--runs", "0"], ["--servers", "2"], ["--only", "tea"], ["--fast", "1"]] {
            #expect(throws: Options.Fault.self) { try Options.read(wrong) }
        }
    }
}
