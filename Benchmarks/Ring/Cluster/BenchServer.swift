import Foundation
import Linux
import Model
import Platform
import Testbed

/// One server of Rondo on a host, with what its log says.
@Loop
final class BenchServer {
    let host: TestHost
    private(set) var history = ServerHistory()
    private var process: ChildProcess?
    private let program: String
    private var type: String
    private let arguments: [String]
    private let folder: String
    private let log: String
    private let tail: LogTail
    /// When this server was last taken away, for those who let it rest.
    var deaths: [MonotonicTime] = []
    /// Whether it is stopped or cut off by the measurement, so that it is not expected to agree with the others.
    var isAway = false

    init(_ host: TestHost, type: String, registries: [HostAddress], folder: String, program: String) {
        self.host = host
        self.type = type
        self.program = program
        self.folder = folder + "/" + String(host.number)
        log = folder + "/rondo-\(host.number).log"
        tail = LogTail(log)
        let home = self.folder
        arguments = [
            host.address.description, registries.map(\.description).joined(separator: ","), "--home", home,
            "--key-file", folder + "/key", "--log", "json", "--log-level", "debug",
        ]
    }

    var address: HostAddress { host.address }
    var life: String { history.life }
    var isRunning: Bool { process.map { $0.exit == nil } ?? false }
    var isThere: Bool { isRunning && !isAway }

    func start() throws(TestbedError) {
        // What its last process wrote belongs to the time before.
        read()
        history.begin(at: WallTime(microseconds: LinuxClock().wallMicroseconds))
        process = try host.start(program, ["server", type] + arguments, log: log)
    }

    /// A start that remembers nothing.
    /// - Parameter type: the role to start with, where it is not the one that it had before.
    func startAnew(as type: String? = nil) throws(TestbedError) {
        self.type = type ?? self.type
        try? FileManager.default.removeItem(atPath: folder)
        try start()
    }

    func send(_ signal: Signal) { process?.send(signal) }

    func ended(by deadline: MonotonicTime) async { _ = await process?.wait(until: deadline) }

    func read() { for line in tail.read() { history.take(line) } }
}
