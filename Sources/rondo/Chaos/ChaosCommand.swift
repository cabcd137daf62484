import Chaos
import FoundationEssentials
import Glibc
import Linux
import Model
import Platform
import Testbed

/// `rondo chaos`: a real cluster under faults, with listeners and uploaders running.
enum ChaosCommand {
    /// Far from `rondo up` at 127.0.1.1, and from its tests.
    private static let loopbackBase = HostAddress(127, 0, 100, 1)

    static let command = Command(syntax: syntax) { invocation throws(Faults) in
        let settings = try ChaosSettings.read(invocation)
        try await LoopRun.run { () throws(Faults) in try await run(settings) }
    }

    static let syntax = CommandSyntax(
        "chaos", "hurt a real cluster while music comes in and plays, and see whether it heals",
        arguments: [
            ("processes", "on loopback addresses of this machine: kill, pause, restart"),
            ("hosts", "on hosts of their own, in network namespaces: partitions, cut cables and packet loss as well"),
            ("docker", "in containers of the engine on this machine, all of that as well"),
        ],
        options: [
            OptionSyntax("on", "processes|hosts|docker", "where the cluster runs", standard: "processes"),
            OptionSyntax("servers", "NUMBER", "servers in the ring", standard: "\(ChaosSettings.standardServers)"),
            OptionSyntax("registries", "NUMBER", "registries beside them", standard: "2"),
            OptionSyntax("listeners", "NUMBER", "songs playing at a time", standard: "3"),
            OptionSyntax("seed", "SEED", "draw these faults again", standard: "a random one, which is printed"),
            OptionSyntax(
                "seconds", "NUMBER", "for how long there are faults", standard: "\(ChaosSettings.standardSeconds)"),
            OptionSyntax("report", "FILE.html", "the page with a picture", standard: "rondo-chaos.html"),
            OptionSyntax("image", "NAME", "what containers are made of", standard: ChaosSettings.standardImage),
            OptionSyntax("home", "DIR", "keep homes and logs here", standard: "a temporary folder"),
        ],
        examples: ["rondo chaos --on hosts --seconds 120", "rondo chaos --on processes --servers 7 --seed 7"])

    @Loop
    private static func run(_ settings: ChaosSettings) async throws(Faults) {
        let folder = try makeFolder(settings)
        let stop = StopRequest()
        try stop.listen()
        stop.second = { exit(1) }
        Terminal.write(
            "\(settings.servers) servers and \(settings.registries) registries on \(settings.ground.rawValue), "
                + "\(settings.seconds) s of faults, seed \(settings.seed). Homes and logs: \(folder)\n\n")
        let place = try await place(settings, folder)
        let chronicle: ChaosChronicle
        do throws(ChaosError) {
            chronicle = try await run(settings, folder, place, stop)
        } catch {
            await place.close()
            throw Faults(.failed(error.description))
        }
        await place.close()
        Terminal.write(ChaosReport.text(chronicle, settings))
        try write(TimelinePage.of(ChaosReport.timeline(chronicle, settings)), to: settings.report)
        Terminal.write("The page with the picture: \(settings.report)\n")
        guard ChaosReport.faults(chronicle).isEmpty else {
            throw Faults(
                .failed("\(ChaosReport.verdict(chronicle)) Logs: \(folder). The same faults: \(settings.replay)"))
        }
        if settings.home == nil { try? FileManager.default.removeItem(atPath: folder) }
    }

    @Loop
    private static func run(
        _ settings: ChaosSettings, _ folder: String, _ place: ClusterPlace, _ stop: StopRequest
    ) async throws(ChaosError) -> ChaosChronicle {
        let setting = ClusterSetting(
            program: UpChild.ownPath, folder: folder, registries: settings.registries, servers: settings.servers)
        let cluster = try ChaosCluster(setting, at: place)
        var wanted = ChaosRun.Settings(seed: settings.seed, seconds: settings.seconds)
        wanted.listeners = settings.listeners
        let run = ChaosRun(cluster, wanted) { Terminal.write($0 + "\n") }
        do throws(ChaosError) {
            let chronicle = try await run.run { stop.hasCome }
            await cluster.stop()
            return chronicle
        } catch {
            await cluster.stop()
            throw error
        }
    }

    @Loop
    private static func place(_ settings: ChaosSettings, _ folder: String) async throws(Faults) -> ClusterPlace {
        do throws(TestbedError) {
            switch settings.ground {
            case .processes: return .processes(loopbackBase)
            case .hosts: return .hosts(try await Testbed.open(hosts: settings.servers + settings.registries))
            case .docker: return .docker(try await ContainerGround.open(image: settings.image, folder: folder))
            }
        } catch {
            throw Faults(.failed(error.description))
        }
    }

    private static func makeFolder(_ settings: ChaosSettings) throws(Faults) -> String {
        let manager = FileManager.default
        let path = settings.home ?? manager.temporaryDirectory.path + "/rondo-chaos-\(UUID().uuidString)"
        do {
            try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Faults(.failed("\(path) cannot be made; give another --home"))
        }
        return path
    }

    private static func write(_ page: String, to file: String) throws(Faults) {
        do {
            try Data(page.utf8).write(to: URL(filePath: file))
        } catch {
            throw Faults(.failed("the report could not be written to \(file): \(error)"))
        }
    }
}
