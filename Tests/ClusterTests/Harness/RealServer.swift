import Client
import Foundation
import Linux
import Model
import Platform

/// One real `rondo server` process.
@Loop
final class RealServer {
    let name: String
    let address: HostAddress
    let type: String
    let home: String
    private let arguments: [String]
    private let log: String
    /// Another copy of the program, for a test that gives it another parser.
    var program = Tool.rondo
    /// A program that executes it, with the arguments that come before its own.
    var launcher: [String] = []
    /// What it finds in its environment besides ours.
    var environment: [String: String] = [:]
    private(set) var process: ChildProcess?
    private let prober: Prober

    nonisolated static let httpPort: UInt16 = 8080

    init(
        name: String, type: String, address: HostAddress, registries: String, folder: String, extra: [String] = [],
        prober: Prober
    ) {
        self.name = name
        self.type = type
        self.address = address
        self.prober = prober
        log = "\(folder)/\(name).log"
        home = "\(folder)/\(name)"
        arguments =
            [
                "server", type, address.description, registries, "--home", home, "--key-file",
                "\(folder)/key",
            ] + extra
    }

    var http: Endpoint { Endpoint(address, Self.httpPort) }
    var url: String { "http://\(http)" }
    var isRunning: Bool { process.map { $0.exit == nil } ?? false }

    /// The files of all chunks on its disk, in the order of their hashes.
    func chunkFiles() throws -> [URL] {
        let root = URL(filePath: home + "/chunks")
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.allObjects ?? []
        return files.compactMap { $0 as? URL }.filter { $0.lastPathComponent.count == 64 }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    func start() throws {
        let command = launcher + [program] + arguments
        var child = ChildSpecification(
            command[0], Array(command.dropFirst()),
            environment: Tool.cleanEnvironment(adding: prober.environment.merging(environment) { $1 }))
        child.output = .appended(to: log)
        child.error = .appended(to: log)
        child.hasOwnGroup = true
        process = try ChildProcess(child)
    }

    func send(_ signal: Signal) { process?.send(signal) }

    /// Kills it as `kill -9` does, and returns once the process is gone.
    func kill() async {
        // A stopped process is killed too, but its connections close only then.
        send(.kill)
        _ = await process?.wait(until: prober.clock.now + .seconds(5))
    }

    /// SIGTERM, and how it ended.
    func terminate(within limit: Duration = .seconds(35)) async throws -> ChildExit {
        send(.terminate)
        guard let exit = await process?.wait(until: prober.clock.now + limit) else {
            throw NotInTime(description: "\(name) did not leave within \(limit)\(logTail)")
        }
        return exit
    }

    func isReady() async -> Bool { await ServerProbe.readiness(of: http, world: prober.world) == .ready }

    /// What it says of the cluster; nil where it does not answer.
    func status() async -> ClusterStatus? { await ServerProbe.status(toldBy: http, world: prober.world) }

    var logText: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
    var logTail: String { logText.split(separator: "\n").suffix(12).map { "\n    \($0)" }.joined() }
}

/// What looks at servers as a client does.
@Loop
struct Prober {
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let world: ClientWorld

    init() {
        world = ClientWorld(
            clock: clock, network: network, files: HostFiles(),
            screen: Screen(isTerminal: false, columns: 80, write: { _ in }, writeError: { _ in }), output: Nowhere()
        ) { _ throws(ClientError) in Nowhere() }
    }

    /// Servers end with the test process, however that ends.
    var environment: [String: String] { ["RONDO_PARENT": String(ProcessInfo.processInfo.processIdentifier)] }
}

@Loop
private final class Nowhere: ByteSink {
    func write(_ bytes: ArraySlice<UInt8>) async throws(ClientError) {}
    func finish() async throws(ClientError) {}
}
