import Client
import Linux
import Model
import Platform

/// A whole cluster on this machine, from its start to its orderly end.
@Loop
final class UpCluster {
    private static let readyLimit = Duration.seconds(15)
    private static let pollInterval = Duration.milliseconds(50)
    private static let leaveLimit = Duration.seconds(35)
    private static let registryLimit = Duration.seconds(5)
    private static let killLimit = Duration.seconds(3)

    private let settings: UpSettings
    private let home: UpHome
    private let place: ClientPlace
    private let world: ClientWorld
    private let stop = StopRequest()
    private let registry: UpChild
    private let servers: [UpChild]
    private var wasKilled = false

    init(settings: UpSettings, home: UpHome) {
        self.settings = settings
        self.home = home
        place = ClientPlace.local(registry: settings.base)
        world = place.world()
        registry = UpChild(
            name: "registry", type: "registry", address: settings.base, registry: settings.base,
            httpPort: settings.httpPort,
            home: home)
        servers = (1...settings.servers).map { number in
            UpChild(
                name: "server-\(number)", type: "auto", address: settings.serverAddress(number),
                registry: settings.base, httpPort: settings.httpPort, home: home)
        }
    }

    private var all: [UpChild] { [registry] + servers }

    func run() async throws(Faults) {
        let start = world.clock.now
        try UpPorts(settings: settings, network: world.network).check()
        try stop.listen()
        stop.second = { [self] in
            wasKilled = true
            for child in all { child.send(.kill) }
        }
        do throws(Faults) {
            for child in all { try child.start() }
            try await waitUntilReady(since: start)
        } catch {
            await end()
            throw error
        }
        if !stop.hasCome { await serve(since: start) }
        Terminal.write("\nStopping: the servers first, the registry last. Ctrl-C again kills them.\n")
        await end()
        if wasKilled { throw Faults(.failed("killed before all servers had left; nothing acknowledged is lost")) }
        Terminal.write("Stopped. `rondo up` continues with the same music.\n")
    }

    private func waitUntilReady(since start: MonotonicTime) async throws(Faults) {
        let deadline = start + Self.readyLimit
        var missing = all
        var answers: [String: ServerProbe.Readiness] = [:]
        while !missing.isEmpty, !stop.hasCome {
            for child in missing {
                if let exit = child.exit {
                    throw Faults(.failed("\(child.name) \(exit.sentence):\(home.lastLines(of: child.name))"))
                }
                let answer = await ServerProbe.readiness(of: child.http, world: world)
                answers[child.name] = answer
                if answer == .ready { missing.removeAll { $0 === child } }
            }
            if world.clock.now > deadline { throw Faults(missing.map { notReady($0, answers[$0.name]) }) }
            if !missing.isEmpty { await world.clock.sleep(for: Self.pollInterval) }
        }
    }

    private func notReady(_ child: UpChild, _ answer: ServerProbe.Readiness?) -> Fault {
        let reason =
            switch answer {
            case .notReady(let text): "it says: \(text)"
            case .silent, .ready, nil: "it does not answer at http://\(child.http)"
            }
        let limit = "\(Self.readyLimit.components.seconds) s"
        return .failed(
            "\(child.name) was not ready within \(limit), \(reason); its log:\(home.lastLines(of: child.name))")
    }

    /// From ready to the first Ctrl-C.
    private func serve(since start: MonotonicTime) async {
        let tenths = (world.clock.now - start).milliseconds / 100
        let count = settings.servers == 1 ? "1 server" : "\(settings.servers) servers"
        Terminal.write("Rondo is ready after \(tenths / 10).\(tenths % 10) s: \(count) and a registry. Open any of\n")
        for router in await ServerProbe.routers(toldBy: servers[0].http, world: world) {
            Terminal.write("  http://\(router)/\n")
        }
        Terminal.write("Home: \(home.path)\nLogs: \(home.logs)\n")
        let left = home.knownServers.filter { $0 > settings.servers }
        if let last = left.last {
            Terminal.write(
                "Note: this home has known \(last) servers; music that only the others hold is missing now.\n")
        }
        for child in all { Loop.spawn("watch \(child.name)") { [self] in await watch(child) } }
        let music = Loop.spawn("music") { [self] in await loadMusic() }
        await stop.wait()
        music.cancel()
    }

    /// Tells when a server has died. It is not started again: whoever killed it wants to see how the others go on.
    private func watch(_ child: UpChild) async {
        guard let exit = await child.wait(until: .distantFuture), !stop.hasCome else { return }
        Terminal.write(
            "\(child.name) (\(child.address)) \(exit.sentence). To start it again:\n  \(child.commandLine)\n")
        if all.allSatisfy({ $0.exit != nil }) {
            Terminal.write("All servers have ended.\n")
            stop.arrived()
        }
    }

    private func loadMusic() async {
        do {
            let session = try place.session()
            try await load(with: session)
            if try await session.songCount() == 0 {
                Terminal.write(
                    "There is no music yet: drop files on the page, or\n  rondo client \(settings.base) upload FOLDER\n"
                )
            }
        } catch {
            if !stop.hasCome { Terminal.write("rondo: \(error)\n", to: .error) }
        }
        if !stop.hasCome { Terminal.write("Ctrl-C stops everything.\n") }
    }

    /// Files that were refused are told, and are no reason to stop.
    private func load(with session: ClientSession) async throws(ClientError) {
        guard let music = settings.music else { return }
        Terminal.write("Loading \(music)\n")
        do throws(ClientError) {
            try await session.run(.upload(paths: [music], showsEach: false))
        } catch .file(let text) {
            if !stop.hasCome { Terminal.write("rondo: \(text)\n", to: .error) }
        }
    }

    /// Lets all servers leave, then the registry. Those that do not are killed.
    private func end() async {
        for server in servers { server.send(.terminate) }
        let deadline = world.clock.now + Self.leaveLimit
        for server in servers { await finish(server, by: deadline) }
        registry.send(.terminate)
        await finish(registry, by: world.clock.now + Self.registryLimit)
    }

    private func finish(_ child: UpChild, by deadline: MonotonicTime) async {
        guard child.processID != 0, await child.wait(until: deadline) == nil else { return }
        Terminal.write("\(child.name) did not leave in time and is killed.\n", to: .error)
        child.send(.kill)
        _ = await child.wait(until: world.clock.now + Self.killLimit)
    }
}
