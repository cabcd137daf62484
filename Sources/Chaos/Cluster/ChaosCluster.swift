package import Client
internal import Crypto
internal import FoundationEssentials
package import Linux
package import Model
package import Platform
internal import Testbed

/// What all processes of a cluster have in common.
package struct ClusterSetting: Sendable {
    /// The path of `rondo`.
    package var program: String
    /// An existing folder for the homes, the key and the logs.
    package var folder: String
    package var registries: Int
    package var servers: Int
    /// Added to every command line.
    package var options: [String] = []

    package init(program: String, folder: String, registries: Int, servers: Int) {
        self.program = program
        self.folder = folder
        self.registries = registries
        self.servers = servers
    }
}

/// A real cluster of real processes that are hurt on purpose.
@Loop
package final class ChaosCluster {
    package let place: ClusterPlace
    package let registries: [ChaosServer]
    package let servers: [ChaosServer]
    package let world: ClientWorld
    package let clock = LinuxClock()

    /// Writes a fresh key; nothing runs yet.
    /// - Parameter place: with room for all, registries first.
    package init(_ setting: ClusterSetting, at place: ClusterPlace) throws(ChaosError) {
        self.place = place
        let path = setting.folder + "/key"
        let key = ClusterKey().text
        place.ground?.key = key
        let file = Data((key + "\n").utf8)
        guard FileManager.default.createFile(atPath: path, contents: file, attributes: [.posixPermissions: 0o600])
        else { throw ChaosError("\(path) cannot be written; give a folder that this user may write to") }
        let addresses = (0..<setting.registries).map { place.address($0).description }.joined(separator: ",")
        registries = (0..<setting.registries).map { number in
            ChaosServer(
                name: "registry-\(number + 1)", index: number, type: "registry", registries: addresses,
                setting: setting, place: place)
        }
        servers = (0..<setting.servers).map { number in
            ChaosServer(
                name: "server-\(number + 1)", index: setting.registries + number, type: "auto", registries: addresses,
                setting: setting, place: place)
        }
        world = ClientWorld(
            clock: clock, network: LinuxNetwork(), files: HostFiles(),
            screen: Screen(isTerminal: false, columns: 80, write: { _ in }, writeError: { _ in }), output: Nowhere()
        ) { _ throws(ClientError) in Nowhere() }
    }

    package var all: [ChaosServer] { registries + servers }
    package var running: [ChaosServer] { servers.filter { $0.isRunning && !$0.isPaused } }

    /// Starts everything at once, and waits until all of it is ready.
    package func start() async throws(ChaosError) {
        for server in all { try server.start() }
        // An engine takes its time for a dozen containers at once.
        try await ready(within: place.ground == nil ? .seconds(20) : .seconds(60))
    }

    /// Waits until every running process says that it is ready.
    package func ready(within limit: Duration = .seconds(20)) async throws(ChaosError) {
        let deadline = clock.now + limit
        for server in all where server.isRunning {
            while true {
                let answer = await ServerProbe.readiness(of: server.http, world: world)
                if answer == .ready { break }
                if !server.isRunning { throw ChaosError("\(server.name) ended:\(server.logTail)") }
                if clock.now > deadline {
                    throw ChaosError("\(server.name) was not ready within \(limit), \(answer):\(server.logTail)")
                }
                await clock.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Kills what runs.
    package func stop() async {
        await place.ground?.killAll()
        if place.ground == nil { for server in all { server.process?.send(.kill) } }
        for server in all where server.isRunning { await server.kill() }
    }

    /// What each server says of the cluster, asked at the same time; those that say nothing are missing.
    package func statuses(of asked: [ChaosServer]) async -> [Int: ClusterStatus] {
        let tasks = asked.map { server in
            (
                server.index,
                Loop.start("status of \(server.name)") { [world] in
                    await ServerProbe.status(toldBy: server.http, world: world)
                }
            )
        }
        var found: [Int: ClusterStatus] = [:]
        for (index, task) in tasks { found[index] = (try? await task.value) ?? nil }
        return found
    }

    /// The servers of a role, by what each says of itself.
    package func running(_ role: Role) async -> [ChaosServer] {
        let told = await statuses(of: running)
        return running.filter { server in
            guard let status = told[server.index] else { return false }
            return status.members.first { $0.id == status.`self` }?.role == role
        }
    }

    /// What all servers say and the ends of their logs, for a message about something that went wrong.
    package func report() async -> String {
        let told = await statuses(of: servers)
        var text = ""
        for server in servers {
            let members = told[server.index]?.members.map {
                "\($0.address) \($0.role.rawValue) \($0.state) \($0.incarnation)"
            }
            text += "\n  \(server.name) (\(server.address)): \((members ?? ["no answer"]).joined(separator: ", "))"
            text += server.logTail
        }
        return text
    }
}

@Loop
private final class Nowhere: ByteSink {
    func write(_ bytes: ArraySlice<UInt8>) async throws(ClientError) {}
    func finish() async throws(ClientError) {}
}
