import Foundation
import Linux
import Model
import Platform

/// On which of the machine's cores a process runs, as taskset(1) takes them.
enum Cores: String {
    /// The server that is measured, alone.
    case first = "0"
    /// The load, and servers that only have to be there.
    case second = "1"
    case both = "0,1"
}

/// Programs that the measurement starts, each on its cores. Every one of them is stopped by its own number.
@Loop
enum Command {
    private static var running: [Int32: ChildProcess] = [:]

    /// Kills whatever still runs: for an end before the end.
    static func killAll() {
        for (_, process) in running.sorted(by: { $0.key < $1.key }) { process.send(.kill) }
    }

    private static func begin(_ child: ChildSpecification) throws -> ChildProcess {
        let process = try ChildProcess(child)
        running = running.filter { $0.value.exit == nil }
        running[process.processID] = process
        return process
    }

    /// Starts a program that goes on until it is stopped.
    static func start(_ program: String, _ arguments: [String], on cores: Cores, log: String) throws -> ChildProcess {
        var child = ChildSpecification(
            "taskset", ["-c", cores.rawValue, program] + arguments,
            environment: ProcessInfo.processInfo.environment)
        child.output = .appended(to: log)
        child.error = .appended(to: log)
        return try begin(child)
    }

    /// Runs a program to its end and returns what it wrote.
    /// - Throws: `Failure` with what it said where it did not end with 0.
    @discardableResult
    static func run(
        _ program: String, _ arguments: [String], on cores: Cores = .both, patience: Duration = .seconds(600)
    ) async throws -> String {
        let deadline = LinuxClock().now + patience
        var child = ChildSpecification(
            "taskset", ["-c", cores.rawValue, program] + arguments,
            environment: ProcessInfo.processInfo.environment)
        child.output = .piped
        child.error = .piped
        let process = try begin(child)
        let errors = Loop.start("errors") {
            try await process.error?.readAll(limit: 1 << 20, deadline: deadline) ?? []
        }
        let output = try await process.output?.readAll(limit: 16 << 20, deadline: deadline) ?? []
        let said = try await errors.value
        let exit = await process.waitOrKill(at: deadline)
        guard exit == .exited(0) else {
            let words = String(decoding: said + output, as: UTF8.self)
            throw Failure("\(program) \(arguments.joined(separator: " ")) ended with \(exit): \(words)")
        }
        return String(decoding: output, as: UTF8.self)
    }

    static func stop(_ process: ChildProcess) async {
        process.send(.terminate)
        _ = await process.waitOrKill(at: LinuxClock().now + .seconds(40))
    }
}
