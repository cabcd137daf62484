import Foundation
import Linux
import Model
import Platform

/// A registry against Knot DNS, as `Benchmarks/Registry/race` has them.
@Loop
struct KnotRace {
    let rounds: Int
    let clock: LinuxClock
    let say: @Loop (String) -> Void

    private static let limit = Duration.seconds(1_200)

    func run() async -> [Figure] {
        do throws(StreamError) {
            var child = ChildSpecification(
                "Benchmarks/Registry/race", [String(rounds)], environment: ProcessInfo.processInfo.environment)
            child.output = .piped
            let process = try ChildProcess(child)
            let bytes = try await process.output?.readAll(limit: 1 << 20, deadline: clock.now + Self.limit) ?? []
            let text = String(decoding: bytes, as: UTF8.self)
            say(text)
            return Self.figures(text)
        } catch {
            say("the registry was not measured: \(error)")
            return Self.figures("")
        }
    }

    /// Reads the race's table: the round, both rates and their ratio, both rates by CPU time and their ratio; and the
    /// count of answers that were compared.
    nonisolated static func figures(_ text: String) -> [Figure] {
        var speed = Figure(
            "registry's queries per second to those of Knot DNS, one core each", servers: nil, unit: .ratio,
            bound: .init(leastMedian: 0.8))
        var wrong = Figure("… wrong answers", servers: nil, unit: .count, bound: .init(worst: 0))
        var (own, knot): ([Double], [Double]) = ([], [])
        for line in text.split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { Double($0) }
            if numbers.count >= 7 {
                speed.samples.append(numbers[3])
                own.append(numbers[1])
                knot.append(numbers[2])
            } else if let found = line.firstMatch(of: #/compared: (\d+), wrong: (\d+)/#) {
                wrong.samples = [Double(found.2) ?? .infinity]
                wrong.note = "of \(found.1)"
            }
        }
        speed.note = "\(rate(own)) to \(rate(knot)) queries/s"
        return [speed, wrong]
    }

    private nonisolated static func rate(_ values: [Double]) -> String {
        Figure.median(values).map { String(Int($0)) } ?? "no"
    }
}
