import Foundation
import Linux
import Model
import Platform

/// What wrk asks for, again and again, in the order of the list.
struct Asked: Sendable {
    var path: String
    var range: Range<Int>?
}

/// A load of wrk, and the CPU time that it cost the servers.
struct Load: Sendable {
    var bytes: Double
    var requests: Double
    var cpuSeconds: Double
    var bytesPerCPUSecond: Double { bytes / cpuSeconds }
    var requestsPerCPUSecond: Double { requests / cpuSeconds }
}

/// wrk (https://github.com/wg/wrk) on the second core.
@Loop
struct Wrk {
    let connections: Int
    let seconds: Int
    let folder: String

    /// Asks one server, and reads before and after how much CPU time `processes` have spent.
    /// - Throws: `Failure` where an answer was an error.
    func run(_ asked: [Asked], at endpoint: Endpoint, spending processes: [Int32]) async throws -> Load {
        let script = folder + "/load.lua"
        try Self.script(asked, host: endpoint.description).write(toFile: script, atomically: true, encoding: .utf8)
        let before = processes.map { Machine.cpuSeconds(of: $0) }.reduce(0, +)
        let output = try await Command.run(
            "wrk",
            [
                "-t1", "-c\(connections)", "-d\(seconds)s", "--timeout", "10s", "-s", script, "http://\(endpoint)/",
            ], on: .second)
        let spent = processes.map { Machine.cpuSeconds(of: $0) }.reduce(0, +) - before
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("RESULT ") }) else {
            throw Failure("wrk gave no result: \(output)")
        }
        let numbers = line.split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 3, numbers[2] == 0, numbers[1] > 0, spent > 0 else {
            throw Failure("wrk met errors at \(endpoint): \(output)")
        }
        return Load(bytes: numbers[0], requests: numbers[1], cpuSeconds: spent)
    }

    /// The requests are made once, so that making them costs nothing during the run.
    private static func script(_ asked: [Asked], host: String) -> String {
        let lines = asked.map { one in
            let range = one.range.map { "[\"Range\"] = \"bytes=\($0.lowerBound)-\($0.upperBound - 1)\"" } ?? ""
            return "  { \"\(one.path)\", { [\"Host\"] = \"\(host)\", \(range) } },\n"
        }
        return """
            local asked = {
            \(lines.joined())}
            local made, next = {}, 0
            function init(arguments)
              for index, one in ipairs(asked) do made[index] = wrk.format("GET", one[1], one[2]) end
            end
            function request()
              next = next % #made + 1
              return made[next]
            end
            function done(summary, latency, requests)
              local errors = summary.errors
              local all = errors.connect + errors.read + errors.write + errors.status + errors.timeout
              io.write(string.format("RESULT %d %d %d\\n", summary.bytes, summary.requests, all))
            end

            """
    }
}
