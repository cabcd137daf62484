import FoundationEssentials
import Linux
import Model
import Platform
import Simulation

/// `rondo simulate`: the ring's machines in a made-up world, under faults.
enum SimulateCommand {
    static let command = Command(syntax: syntax) { invocation throws(Faults) in
        let settings = try SimulateSettings.read(invocation)
        try await LoopRun.run { () throws(Faults) in try run(settings) }
    }

    static let syntax = CommandSyntax(
        "simulate", "play days of faults in a simulated cluster, and show how it heals",
        arguments: FaultKind.allCases.map { ($0.name, $0.summary) },
        options: [
            OptionSyntax(
                "servers", "NUMBER", "servers in the ring, up to \(SimulateSettings.mostServers)",
                standard: "\(SimulateSettings.standardServers)"),
            OptionSyntax("seed", "SEED", "play this history again", standard: "a random one, which is printed"),
            OptionSyntax(
                "faults", "LIST", "which of the faults above, with commas, or all, or none",
                standard: "all; kill, power, pause, registry above 500 servers"),
            OptionSyntax(
                "seconds", "NUMBER", "for how long there are faults; quiet follows",
                standard: "\(SimulateSettings.standardSeconds)"),
            OptionSyntax("report", "FILE.html", "write a page with a picture of the ring over time"),
            OptionSyntax(
                "music", "NUMBER",
                "play so many histories of uploads, deletions and lost disks instead, each from a seed of its own"),
        ],
        examples: [
            "rondo simulate --report ring.html", "rondo simulate --servers 30 --faults partition,loss --seed 7",
        ])

    @Loop
    private static func run(_ settings: SimulateSettings) throws(Faults) {
        if settings.histories > 0 { return try playMusic(settings) }
        Terminal.write(SimulateReport.opening(settings))
        let clock = LinuxClock()
        let start = clock.now
        var rehearsal = Rehearsal(
            Rehearsal.Settings(
                servers: settings.servers, seed: settings.seed, faults: settings.faults, seconds: settings.seconds))
        let showsProgress = Terminal.isTerminal(.error)
        let chronicle = rehearsal.run { time in
            if showsProgress { Terminal.write("\r\(time.nanoseconds / 1_000_000_000) s simulated ", to: .error) }
        }
        if showsProgress { Terminal.write("\r\u{1B}[K", to: .error) }
        Terminal.write(SimulateReport.text(chronicle, settings, took: clock.now - start))
        if let file = settings.report {
            try write(TimelinePage.of(SimulateReport.timeline(chronicle, settings)), to: file)
            Terminal.write("The page with the picture: \(file)\n")
        }
        if let fault = fault(chronicle, settings) { throw Faults(fault) }
    }

    /// Storage in a made-up world: whether everything that was acknowledged is still there, and nothing else.
    private static func playMusic(_ settings: SimulateSettings) throws(Faults) {
        var (acknowledged, freed) = (0, 0)
        let showsProgress = Terminal.isTerminal(.error)
        for index in 0..<settings.histories {
            let seed = settings.seed &+ UInt64(index)
            var history = StorageHistory(seed: seed)
            if let fault = history.fault() {
                let replay = "rondo simulate --music 1 --seed \(seed)"
                throw Faults(.failed("history \(seed): \(fault). Play it again: \(replay)"))
            }
            acknowledged += history.world.acknowledged
            freed += history.world.freed
            if showsProgress { Terminal.write("\r\(index + 1) histories ", to: .error) }
        }
        if showsProgress { Terminal.write("\r\u{1B}[K", to: .error) }
        Terminal.write(
            """
            \(settings.histories) histories from seed \(settings.seed): \(acknowledged) uploads acknowledged, none lost; \
            \(freed) copies freed, none that was needed, and none left over.\n
            """)
    }

    /// What makes the command fail: a broken rule, with the way to see it again.
    static func fault(_ chronicle: Chronicle, _ settings: SimulateSettings) -> Fault? {
        guard !chronicle.broken.isEmpty else { return nil }
        return .failed("\(chronicle.broken.joined(separator: "; ")). Play it again: \(settings.replay)")
    }

    private static func write(_ page: String, to file: String) throws(Faults) {
        do {
            try Data(page.utf8).write(to: URL(filePath: file))
        } catch {
            throw Faults(.failed("the report could not be written to \(file): \(error)"))
        }
    }
}
