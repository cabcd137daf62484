import Foundation
import Linux
import Model
import Platform

/// `make bench-stream`: measures, prints the table, keeps it, and ends with 1 where a bound is missed.
@main
struct Program {
    static func main() async {
        let options: Options
        do throws(Options.Fault) {
            options = try Options.read(Array(CommandLine.arguments.dropFirst()))
        } catch {
            say("bench-stream: \(error)\n\(Options.usage)")
            exit(2)
        }
        ProcessLimits.raiseOpenFiles()
        EventLoop.install()
        do {
            let report = try await Loop.start("bench") { try await measure(options) }.value
            print(report.text)
            try report.keep()
            exit(report.holds ? 0 : 1)
        } catch {
            say("bench-stream: \(error)")
            exit(1)
        }
    }

    @Loop
    private static func measure(_ options: Options) async throws -> Report {
        var report = Report(options)
        let folder = options.folder ?? FileManager.default.currentDirectoryPath + "/.build/bench-stream"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { if options.folder == nil { try? FileManager.default.removeItem(atPath: folder) } }
        for signal in [Signal.interrupt, .terminate, .hangUp] {
            try Signals.handle(signal) {
                Command.killAll()
                if options.folder == nil { try? FileManager.default.removeItem(atPath: folder) }
                exit(1)
            }
        }
        // The load's own core; what is started gets its cores by name.
        try await Command.run("taskset", ["-apc", Cores.second.rawValue, String(getpid())])
        let clock = LinuxClock()
        for part in Options.Part.allCases where options.parts.contains(part) {
            do {
                report.figures += try await figures(part, options, folder, clock)
            } catch {
                // The other rows are worth having all the same.
                say("\(part.rawValue) was not measured: \(error)")
                report.figures.append(Figure("\(part.rawValue): not measured", .count, .init(most: 0)))
            }
        }
        return report
    }

    @Loop
    private static func figures(
        _ part: Options.Part, _ options: Options, _ folder: String, _ clock: LinuxClock
    ) async throws -> [Figure] {
        switch part {
        case .file: try await Throughput(options, folder: folder, clock: clock, say: say).files()
        case .relay: try await Throughput(options, folder: folder, clock: clock, say: say).relayed()
        case .json: try await Throughput(options, folder: folder, clock: clock, say: say).json()
        case .listeners: try await Crowd(options: options, folder: folder, clock: clock, say: say).run()
        case .firstByte: try await FirstByte(options: options, folder: folder, clock: clock, say: say).run()
        case .failover: try await Failover(options, folder: folder, clock: clock, say: say).run()
        case .repair: try await Storing(options: options, folder: folder, clock: clock, say: say).repair()
        case .upload: try await Storing(options: options, folder: folder, clock: clock, say: say).uploads()
        }
    }

    /// On the way: to standard error, so that standard output is the table alone.
    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
