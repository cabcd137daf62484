import Foundation
import Linux
import Model
import Platform
import Testbed

/// `make bench-ring`: measures, prints the table, keeps it, and ends with 1 where a bound is not met.
@main
struct Program {
    static func main() async {
        let options: Options
        do throws(Options.Fault) {
            options = try Options.read(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("bench-ring: \(error)\n\(Options.usage)".utf8))
            exit(2)
        }
        EventLoop.install()
        let holds = try? await Loop.start("bench") { await Program.measure(options) }.value
        exit(holds == true ? 0 : 1)
    }

    @Loop
    private static func measure(_ options: Options) async -> Bool {
        let clock = LinuxClock()
        let began = Date()
        let machine = Machine.description
        var figures: [Figure] = []
        do {
            let folder = options.logs ?? FileManager.default.temporaryDirectory.path + "/rondo-bench-\(getpid())"
            defer { if options.logs == nil { try? FileManager.default.removeItem(atPath: folder) } }
            figures = try await ring(options, folder: folder, clock: clock)
        } catch {
            say("\(error)")
            return false
        }
        let report = Report(options: options, machine: machine, began: began, figures: figures)
        report.print()
        report.keep(in: options.results)
        return figures.allSatisfy { $0.holds != false }
    }

    @Loop
    private static func ring(_ options: Options, folder: String, clock: LinuxClock) async throws -> [Figure] {
        var figures: [Figure] = []
        if !options.parts.isDisjoint(with: Options.Part.ofHosts) { figures = try await hosts(options, folder, clock) }
        if options.parts.contains(.registry) {
            figures += await KnotRace(rounds: max(3, options.runs / 2), clock: clock, say: say).run()
        }
        if options.parts.contains(.simulated) {
            figures += SimulatedBench(runs: options.runs, clock: clock, say: say).run()
        }
        return figures
    }

    @Loop
    private static func hosts(_ options: Options, _ folder: String, _ clock: LinuxClock) async throws -> [Figure] {
        var figures: [Figure] = []
        let bed = try await Testbed.open(hosts: RondoCluster.registryCount + (options.servers.max() ?? 3))
        for count in options.servers {
            let bench = try RingBench(
                count, on: bed, options: options, folder: "\(folder)/\(count)", clock: clock, say: say)
            await bench.run()
            figures += bench.figures
        }
        await bed.close()
        return figures
    }

    /// On the way: to standard error, so that standard output is the table alone.
    @Loop
    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
