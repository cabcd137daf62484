import Linux
import TestTools
import Testing

extension ClusterTests {
    @Suite struct SimulateTests {
        @Test func `rondo simulate plays one seed as the same history in two processes`() async throws {
            try await onLoop {
                let arguments = ["simulate", "--seed", "8", "--seconds", "6", "--servers", "5"]
                let one = try await Tool.run(Tool.rondo, arguments)
                let other = try await Tool.run(Tool.rondo, arguments)
                #expect(one.exit == .exited(0), "\(one.errors)")
                let trace = one.text.firstMatch(of: #/Trace ([0-9a-f]{16})\./#)?.1
                #expect(trace != nil)
                #expect(other.text.firstMatch(of: #/Trace ([0-9a-f]{16})\./#)?.1 == trace)
            }
        }

        @Test func `rondo simulate says what is wrong with its options, and ends with 2`() async throws {
            try await onLoop {
                let result = try await Tool.run(Tool.rondo, ["simulate", "--faults", "flood"])
                #expect(result.exit == .exited(2))
                #expect(result.errors.contains("kill"))
            }
        }
    }
}
