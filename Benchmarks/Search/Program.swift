import Foundation
import Linux
import Model
import Platform
import SQLiteStore

/// `make bench-search`: fills a catalogue, asks it thousands of questions, prints the table, keeps it, and ends with 1
/// where a bound is missed.
@main
struct Program {
    static func main() async {
        let options: Options
        do throws(Options.Fault) {
            options = try Options.read(Array(CommandLine.arguments.dropFirst()))
        } catch {
            say("bench-search: \(error)\n\(Options.usage)")
            exit(2)
        }
        EventLoop.install()
        do {
            var report = Report(songs: options.songs)
            if options.onlyMerge {
                report.figures.append(("two servers", [try await MergeRun.time(options)]))
                print(report.text)
                exit(report.holds ? 0 : 1)
            }
            let (kinds, home) = try await askStore(options, &report)
            try await askServer(options, kinds, home, &report)
            print(report.text)
            try report.keep(in: options.results)
            exit(report.holds ? 0 : 1)
        } catch {
            say("bench-search: \(error)")
            exit(1)
        }
    }

    private static func askStore(
        _ options: Options, _ report: inout Report
    ) async throws -> (kinds: [QuestionKind], home: String) {
        var (run, seconds) = try await StoreRun.open(options)
        let filled = try await run.fill(options, say: say)
        if filled.songs > 0 {
            let each = filled.seconds / Double(filled.songs) * 1_000_000
            report.facts.append(String(format: "added: %d songs, %.0f µs each", filled.songs, each))
            await run.store.close()
            (run, seconds) = try await StoreRun.open(options)
        }
        report.facts.append(String(format: "opened, the index read from the database: %.1f s", seconds))
        let songs = try await run.sample(2_000, seed: options.seed)
        var maker = QuestionMaker(about: songs, count: options.queries, seed: options.seed)
        let kinds = maker.all()
        say("asking the store")
        report.figures.append(("the store", try await run.time(kinds)))
        report.sizes.append(Size(name: "this process with the store", bytes: Machine.memory(of: getpid()).now))
        await run.store.close()
        // Whatever comes of the rest, this much is known.
        say(report.text)
        return (kinds, run.home)
    }

    private static func askServer(
        _ options: Options, _ kinds: [QuestionKind], _ home: String, _ report: inout Report
    ) async throws {
        let (figures, facts, memory) = try await Loop.start("server") {
            let registry = try ServerRun.Registry(options, in: home)
            let server = try ServerRun(options, home: home, in: registry)
            do {
                say("waiting for the server")
                let seconds = try await server.untilReady()
                say("asking the server")
                let figures = try await server.time(kinds)
                let memory = server.memory
                await server.stop()
                await registry.stop()
                return (figures, String(format: "server ready: %.1f s after its start", seconds), memory)
            } catch {
                await server.stop()
                await registry.stop()
                throw error
            }
        }.value
        report.facts.append(facts)
        report.figures.append(("a server over HTTP", figures))
        report.sizes.append(Size(name: "the server's memory now", bytes: memory.now, bound: 250_000_000))
        report.sizes.append(Size(name: "… at most, since its start", bytes: memory.peak, bound: 250_000_000))
        try await askWhileAdding(options, kinds, &report)
        say("two catalogues become one")
        report.figures.append(("two servers", [try await MergeRun.time(options)]))
    }

    /// Last, because it changes the library, of a copy.
    private static func askWhileAdding(
        _ options: Options, _ kinds: [QuestionKind], _ report: inout Report
    ) async throws {
        var copy = options
        copy.folder = options.folder + "/adding"
        let name = "\(options.songs)-\(options.seed)"
        try? FileManager.default.removeItem(atPath: copy.folder)
        try FileManager.default.createDirectory(atPath: copy.folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(options.folder)/\(name)", toPath: "\(copy.folder)/\(name)")
        let (run, _) = try await StoreRun.open(copy)
        say("asking while songs are added")
        report.figures.append(("the store", [try await run.timeWhileSongsAreAdded(kinds, seed: options.seed)]))
        await run.store.close()
        try FileManager.default.removeItem(atPath: copy.folder)
    }

    /// On the way: to standard error, so that standard output is the table alone.
    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
