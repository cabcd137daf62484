internal import FoundationEssentials
package import Linux
package import Model
package import Platform

/// One host of a testbed: a network namespace with an address.
@Loop
package final class TestHost {
    /// 2 and on; the last part of the address.
    nonisolated package let number: Int
    nonisolated package let address: HostAddress
    private var processes: [ChildProcess] = []

    nonisolated var name: String { "host\(number)" }

    init(_ number: Int) {
        self.number = number
        address = HostAddress(172, 20, 0, UInt8(number))
    }

    /// Starts a program here. It ends with this process, however that ends; `rondo server` and the like as all others.
    /// - Parameters:
    ///   - environment: added to this process's own, which goes without its settings of Rondo.
    ///   - log: the file to whose end output and errors go; nil throws them away.
    package func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], log: String? = nil
    ) throws(TestbedError) -> ChildProcess {
        let process = try Self.start(
            program, entering(program, arguments), environment: environment, log: log)
        processes.removeAll { $0.exit != nil }
        processes.append(process)
        return process
    }

    /// The same on this machine itself, for a cluster that needs no hosts.
    package static func startHere(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], log: String? = nil
    ) throws(TestbedError) -> ChildProcess {
        try start(program, endingWithUs + [program] + arguments, environment: environment, log: log)
    }

    private static func start(
        _ program: String, _ words: [String], environment: [String: String], log: String?
    ) throws(TestbedError) -> ChildProcess {
        var child = ChildSpecification(
            words[0], Array(words.dropFirst()),
            environment: ProgramRun.cleanEnvironment.merging(environment) { $1 })
        child.output = log.map { .appended(to: $0) } ?? .null
        child.error = log.map { .appended(to: $0) } ?? .null
        child.hasOwnGroup = true
        return try ProgramRun.start(child, what: program)
    }

    /// Runs a program here to its end, or kills it at its limit.
    package func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        within limit: Duration = .seconds(30)
    ) async throws(TestbedError) -> ProgramRun {
        let words = entering(program, arguments)
        return try await ProgramRun.run(
            words[0], Array(words.dropFirst()),
            environment: ProgramRun.cleanEnvironment.merging(environment) { $1 }, within: limit)
    }

    /// Kills what runs here, and returns once it is gone.
    package func killAll() async {
        // A stopped process is killed too.
        for process in processes { process.send(.kill) }
        let deadline = LinuxClock().now + .seconds(5)
        for process in processes { _ = await process.wait(until: deadline) }
        processes = []
    }

    /// Both programs become the next one and keep the process id, so that signals reach the program itself.
    private func entering(_ program: String, _ arguments: [String]) -> [String] {
        ["nsenter", "--net=/run/netns/\(name)"] + Self.endingWithUs + [program] + arguments
    }

    private static let endingWithUs = ["setpriv", "--pdeathsig", "KILL", "--"]
}
