import FoundationEssentials
import Linux

/// A command that can be run: its syntax and what it does.
struct Command: Sendable {
    let syntax: CommandSyntax
    let run: @Sendable (Invocation) async throws(Faults) -> Void
}

/// The list of commands, and the way from the arguments to one of them.
enum Commands {
    static let version = "0.1.0"

    static let all: [Command] = [
        UpCommand.command, ServerCommand.command, ClientCommands.client, ClientCommands.status, ReadyCommand.command,
        KeyCommand.new,
        KeyCommand.tsig, SimulateCommand.command, ChaosCommand.command,
    ]

    /// - Throws: `Faults`, for standard error.
    static func run(_ arguments: [String], environment: [String: String]) async throws(Faults) {
        let syntaxes = all.map(\.syntax)
        guard let first = arguments.first else {
            Terminal.write(HelpPage.overview(syntaxes), to: .error)
            throw Faults([])
        }
        switch first {
        case "--help", "-h", "help": return try help(Array(arguments.dropFirst()))
        case "--version": return Terminal.write("rondo \(version)\n")
        default: break
        }
        let (command, rest) = try find(arguments)
        var reader = InvocationReader(
            syntax: command.syntax, environment: environment, knownSettings: settingNames, readFile: readFile)
        let (invocation, faults) = reader.read(rest)
        if invocation.wantsHelp { return Terminal.write(HelpPage.of(command.syntax)) }
        // A command checks the values too before it gives up, so that all faults are told at once.
        try await command.run(invocation.noting(faults))
    }

    private static func help(_ words: [String]) throws(Faults) {
        guard let first = words.first, !first.hasPrefix("-") else {
            return Terminal.write(HelpPage.overview(all.map(\.syntax)))
        }
        Terminal.write(HelpPage.of(try find(words).0.syntax))
    }

    /// The command whose words stand first, the longest name first: `key new` before `key`.
    private static func find(_ arguments: [String]) throws(Faults) -> (Command, [String]) {
        for command in all.sorted(by: { $0.syntax.name.count > $1.syntax.name.count }) {
            let words = command.syntax.name.split(separator: " ").map(String.init)
            if Array(arguments.prefix(words.count)) == words {
                return (command, Array(arguments.dropFirst(words.count)))
            }
        }
        throw Faults(unknown(arguments))
    }

    private static func unknown(_ arguments: [String]) -> Fault {
        let names = all.map(\.syntax.name)
        let family = names.filter { $0.hasPrefix(arguments[0] + " ") }
        if !family.isEmpty {
            return .usage(
                "rondo \(arguments[0]) needs another word: \(family.map { "rondo \($0)" }.joined(separator: ", "))")
        }
        let hint = Suggestion.hint(arguments[0], among: names.map { String($0.prefix { $0 != " " }) }, prefix: "rondo ")
        return .usage(
            "there is no command “\(arguments[0])”" + (hint.isEmpty ? "; `rondo --help` lists the commands" : hint))
    }

    /// The names that a configuration file may use: those of every command.
    static var settingNames: [String] {
        Set(all.flatMap { $0.syntax.settings.map(\.name) }).subtracting(["help", "config"]).sorted()
    }

    static func readFile(_ path: String) throws(Fault) -> String {
        try SmallFile.text(path, what: "the configuration file", option: "--config")
    }
}
