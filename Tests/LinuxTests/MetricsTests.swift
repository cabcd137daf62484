import Platform
import Testing
import TestTools

@Suite struct MetricsTests {
    @Test func `a histogram counts what is at most each bound, and all`() async throws {
        try await onLoop {
            let metrics = Metrics()
            for value in [0.5, 1, 1.5, 7] { metrics.observe("took_seconds", "How long.", value, bounds: [1, 2.5]) }
            metrics.count("zeros_total", "Zeros.")
            #expect(
                metrics.text == """
                    # HELP took_seconds How long.
                    # TYPE took_seconds histogram
                    took_seconds_bucket{le="1"} 2
                    took_seconds_bucket{le="2.5"} 3
                    took_seconds_bucket{le="+Inf"} 4
                    took_seconds_sum 10
                    took_seconds_count 4
                    # HELP zeros_total Zeros.
                    # TYPE zeros_total counter
                    zeros_total 1

                    """)
        }
    }
}
