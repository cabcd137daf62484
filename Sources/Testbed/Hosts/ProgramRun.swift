internal import FoundationEssentials
package import Linux
internal import Model
internal import Platform

/// What a program did that has ended.
package struct ProgramRun: Sendable {
    package let exit: ChildExit
    package let output: [UInt8]
    package let errors: String

    package var text: String { String(decoding: output, as: UTF8.self) }

    private static let mostOutput = 64 << 20

    /// Runs a program of this machine to its end, or kills it at its limit.
    @Loop
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = cleanEnvironment,
        within limit: Duration
    ) async throws(TestbedError) -> ProgramRun {
        var specification = ChildSpecification(program, arguments, environment: environment)
        specification.output = .piped
        specification.error = .piped
        return try await finish(try start(specification, what: program), program, within: limit)
    }

    @Loop
    static func start(_ specification: ChildSpecification, what: String) throws(TestbedError) -> ChildProcess {
        do throws(StreamError) {
            return try ChildProcess(specification)
        } catch {
            throw TestbedError(
                "\(what) could not be started (\(error)); `scripts/set-up test` installs what is missing")
        }
    }

    @Loop
    private static func finish(
        _ child: ChildProcess, _ program: String, within limit: Duration
    ) async throws(TestbedError) -> ProgramRun {
        let deadline = LinuxClock().now + limit
        let errors = Loop.start("errors of \(program)") {
            try await child.error?.readAll(limit: mostOutput, deadline: deadline) ?? []
        }
        do {
            let output = try await child.output?.readAll(limit: mostOutput, deadline: deadline) ?? []
            let exit = await child.waitOrKill(at: deadline)
            let text = String(decoding: try await errors.value, as: UTF8.self)
            return ProgramRun(exit: exit, output: output, errors: text)
        } catch {
            child.send(.kill)
            throw TestbedError("\(program) did not end within \(limit), or could not be read (\(error))")
        }
    }

    /// Ours without settings of Rondo, which would reach the programs under test.
    package static var cleanEnvironment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RONDO_") }
    }
}
