import FoundationEssentials
import Glibc
import Linux

/// The program that people call: finds the command, reads its settings, and turns its end into an exit code.
@main
struct Program {
    static func main() async {
        Signals.endAsFirstProcess()
        let arguments = Array(CommandLine.arguments.dropFirst())
        await exit(run(arguments, environment: ProcessInfo.processInfo.environment))
    }

    /// - Returns: 0 ok, 1 failed, 2 wrong usage (the spec, §2).
    static func run(_ arguments: [String], environment: [String: String]) async -> Int32 {
        do throws(Faults) {
            try await Commands.run(arguments, environment: environment)
            return 0
        } catch {
            for fault in error.all { Terminal.write("rondo: \(fault.message)\n", to: .error) }
            return error.exitCode
        }
    }
}
