import Foundation
import Linux
import Model
import Platform
import TestTools

/// A program of this machine, run to its end or killed at its deadline.
@Loop
struct Tool {
    struct Result: Sendable {
        let exit: ChildExit
        let output: [UInt8]
        let errors: String
        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    nonisolated static var rondo: String {
        ProcessInfo.processInfo.environment["RONDO_UNDER_TEST"] ?? buildFolder + "/rondo"
    }

    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        within limit: Duration = .seconds(30)
    ) async throws -> Result {
        let child = try start(program, arguments, environment: environment)
        return try await finish(child, within: limit)
    }

    /// Starts a program whose output is collected by `finish`.
    static func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> ChildProcess {
        var specification = ChildSpecification(program, arguments, environment: cleanEnvironment(adding: environment))
        specification.output = .piped
        specification.error = .piped
        do {
            return try ChildProcess(specification)
        } catch {
            throw NotInTime(
                description: "\(program) could not be started (\(error)); install it: sudo apt-get install \(program)")
        }
    }

    static func finish(_ child: ChildProcess, within limit: Duration = .seconds(30)) async throws -> Result {
        let deadline = LinuxClock().now + limit
        let errors = Loop.start("errors") { try await child.error?.readAll(limit: 1 << 24, deadline: deadline) ?? [] }
        let output = try await child.output?.readAll(limit: 1 << 30, deadline: deadline) ?? []
        let exit = await child.waitOrKill(at: deadline)
        return Result(exit: exit, output: output, errors: String(decoding: try await errors.value, as: UTF8.self))
    }

    /// Ours without settings of Rondo, which would reach the programs under test.
    nonisolated static func cleanEnvironment(adding: [String: String] = [:]) -> [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RONDO_") }.merging(adding) { $1 }
    }
}
