import FoundationEssentials
import Linux
import Model
import Platform

/// One server of `rondo up`: a process of its own.
@Loop
final class UpChild {
    /// `registry`, `server-1`.
    nonisolated let name: String
    nonisolated let address: HostAddress
    nonisolated let http: Endpoint
    private let program: String
    private let arguments: [String]
    private let log: String
    private var process: ChildProcess?

    init(name: String, type: String, address: HostAddress, registry: HostAddress, httpPort: UInt16, home: UpHome) {
        self.name = name
        self.address = address
        http = Endpoint(address, httpPort)
        log = home.log(name)
        program = Self.ownPath
        arguments = [
            "server", type, address.description, registry.description, "--home",
            home.serverHome(name), "--key-file", home.keyFile, "--http", String(httpPort),
        ]
    }

    /// What starts this server again by hand.
    nonisolated var commandLine: String {
        ([program] + arguments).map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
    }

    var exit: ChildExit? { process?.exit }
    var processID: Int32 { process?.processID ?? 0 }

    func start() throws(Faults) {
        var child = ChildSpecification(program, arguments, environment: Self.environment)
        child.output = .appended(to: log)
        child.error = .appended(to: log)
        // Ctrl-C goes to the whole group of the terminal: the servers shall hear of it from `rondo up`, in order.
        child.hasOwnGroup = true
        do throws(StreamError) {
            process = try ChildProcess(child)
        } catch {
            throw Faults(.failed("\(name) could not be started: \(error)"))
        }
    }

    func send(_ signal: Signal) { process?.send(signal) }

    /// How it ended, nil at the deadline.
    func wait(until deadline: MonotonicTime) async -> ChildExit? { await process?.wait(until: deadline) }

    /// The path of this program; where its file has been replaced since, the running one.
    nonisolated static var ownPath: String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard let path, FileManager.default.isExecutableFile(atPath: path) else { return "/proc/self/exe" }
        return path
    }

    /// Ours without its settings, which are for `rondo up` and not for the servers.
    private nonisolated static var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RONDO_") }
        environment[ServerCommand.parentVariable] = String(ProcessInfo.processInfo.processIdentifier)
        return environment
    }
}

extension ChildExit {
    /// For people: `ended with code 1`.
    var sentence: String {
        switch self {
        case .exited(let code): "ended with code \(code)"
        case .killed(let signal): "was ended by signal \(signal)"
        }
    }
}
