internal import Client
internal import FoundationEssentials
package import Linux
package import Model
package import Platform
internal import Testbed

/// One real `rondo server` process of a cluster under faults.
@Loop
package final class ChaosServer {
    /// `registry-1`, `server-3`.
    nonisolated package let name: String
    nonisolated package let address: HostAddress
    /// Whether it is a registry.
    nonisolated package let isRegistry: Bool
    /// Its place among all processes of the cluster, registries first; on a testbed, its host's number less 2.
    nonisolated package let index: Int
    nonisolated package let log: String
    /// Whether it has been stopped by a signal and not continued.
    package private(set) var isPaused = false
    package private(set) var process: ChildProcess?
    /// Given to the process beside the environment of this one; for the faults of its transport.
    package var environment: [String: String] = [:]
    private let place: ClusterPlace
    private let program: String
    private let arguments: [String]

    nonisolated package static let httpPort: UInt16 = 8080
    nonisolated package static let dnsPort: UInt16 = 5300

    init(name: String, index: Int, type: String, registries: String, setting: ClusterSetting, place: ClusterPlace) {
        self.name = name
        self.index = index
        self.place = place
        isRegistry = type == "registry"
        address = place.address(index)
        program = setting.program
        log = "\(setting.folder)/\(name).log"
        // A container has a disk of its own, and its key from its environment.
        let files = ["--home", "\(setting.folder)/\(name)", "--key-file", "\(setting.folder)/key"]
        arguments =
            ["server", type, address.description, registries] + (place.ground == nil ? files : []) + setting.options
    }

    nonisolated package var http: Endpoint { Endpoint(address, Self.httpPort) }
    nonisolated package var dns: Endpoint { Endpoint(address, Self.dnsPort) }
    package var isRunning: Bool { process.map { $0.exit == nil } ?? false }

    package func start() throws(ChaosError) {
        do throws(TestbedError) {
            process = try place.start(index, program, arguments, environment: environment, log: log)
        } catch {
            throw ChaosError(error.description)
        }
        isPaused = false
    }

    /// SIGKILL; returns once the process is gone.
    package func kill() async {
        await send(.kill)
        _ = await process?.wait(until: LinuxClock().now + .seconds(5))
    }

    /// SIGSTOP: it says and hears nothing, and keeps its connections.
    package func pause() async {
        isPaused = true
        await send(.stop)
    }

    /// SIGCONT.
    package func proceed() async {
        await send(.proceed)
        isPaused = false
    }

    /// SIGTERM, and how the process ended; nil where it did not in its 35 s.
    package func terminate() async -> ChildExit? {
        await send(.terminate)
        return await process?.wait(until: LinuxClock().now + .seconds(35))
    }

    private func send(_ signal: Signal) async {
        if let ground = place.ground {
            if isRunning { await ground.signal(signal, index) }
        } else {
            process?.send(signal)
        }
    }

    /// The last lines of its log, indented.
    package var logTail: String {
        let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(8).map { "\n    \($0)" }.joined()
    }
}

/// Why a cluster under faults could not be run, with what to do.
package struct ChaosError: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
