/// A command as somebody called it: its positional arguments, and each setting with where it came from.
struct Invocation: Sendable {
    struct Setting: Equatable, Sendable {
        let text: String
        /// As messages name it: `--http`, `RONDO_HTTP`, `http in rondo.conf, line 3`.
        let origin: String
    }

    var positionals: [String] = []
    var settings: [String: Setting] = [:]
    var wantsHelp = false
    /// What was wrong so far.
    var faults: [Fault] = []
}

/// Reads arguments, environment and configuration file, in the order flag > environment > file.
struct InvocationReader {
    let syntax: CommandSyntax
    let environment: [String: String]
    /// The names that the configuration file may use.
    let knownSettings: [String]
    /// The text of a file, or the half sentence that says why it cannot be read.
    let readFile: (String) throws(Fault) -> String

    private var invocation = Invocation()
    private var faults: [Fault] = []

    init(
        syntax: CommandSyntax, environment: [String: String], knownSettings: [String],
        readFile: @escaping (String) throws(Fault) -> String
    ) {
        self.syntax = syntax
        self.environment = environment
        self.knownSettings = knownSettings
        self.readFile = readFile
    }

    /// Everything that could be read, with everything that was wrong.
    mutating func read(_ arguments: [String]) -> (Invocation, [Fault]) {
        readArguments(arguments[...])
        if invocation.wantsHelp { return (invocation, []) }
        readEnvironment()
        readConfigurationFile()
        checkPositionals()
        return (invocation, faults)
    }

    private mutating func readArguments(_ arguments: ArraySlice<String>) {
        var rest = arguments
        var onlyPositionals = false
        while let argument = rest.popFirst() {
            if onlyPositionals || argument == "-" || !argument.hasPrefix("-") {
                invocation.positionals.append(argument)
            } else if argument == "--" {
                onlyPositionals = true
            } else {
                readOption(argument, &rest)
            }
        }
    }

    private mutating func readOption(_ argument: String, _ rest: inout ArraySlice<String>) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let written = String(parts[0])
        guard let option = option(written) else { return unknown(written, hasValue: parts.count == 2, &rest) }
        guard option.isOnCommandLine else {
            let reason = "every user of this machine sees it there: use --key-file or \(option.environmentName)"
            faults.append(.usage("\(written) is no option, since \(reason)"))
            if parts.count == 1, rest.first?.hasPrefix("-") == false { rest.removeFirst() }
            return
        }
        var value = parts.count == 2 ? String(parts[1]) : nil
        if value == nil, let placeholder = option.placeholder {
            guard let next = rest.first, !next.hasPrefix("--") else {
                return faults.append(.usage("\(written) needs a value: \(written) \(placeholder)"))
            }
            value = next
            rest.removeFirst()
        }
        if option.name == "help" { invocation.wantsHelp = true }
        guard invocation.settings[option.name] == nil else {
            return faults.append(.usage("\(written) is given twice; give it once"))
        }
        invocation.settings[option.name] = Invocation.Setting(text: value ?? "true", origin: written)
    }

    private func option(_ written: String) -> OptionSyntax? {
        if written.hasPrefix("--") {
            return syntax.options.first { $0.name == written.dropFirst(2) }
        }
        return syntax.options.first { option in option.letter.map { "-\($0)" } == written }
    }

    private mutating func unknown(_ written: String, hasValue: Bool, _ rest: inout ArraySlice<String>) {
        let names = syntax.options.filter(\.isOnCommandLine).map { "--" + $0.name }
        let hint = Suggestion.hint(written, among: names)
        // What follows a misspelt option is its value, not one more fault.
        if !hasValue, let meant = Suggestion.nearest(to: written, among: names).flatMap(option),
            meant.placeholder != nil, rest.first?.hasPrefix("-") == false
        {
            rest.removeFirst()
        }
        let advice = hint.isEmpty ? "; `rondo \(syntax.name) --help` lists the options" : hint
        faults.append(.usage("rondo \(syntax.name) has no option \(written)\(advice)"))
    }

    private mutating func readEnvironment() {
        for option in syntax.settings where option.name != "help" && invocation.settings[option.name] == nil {
            // An empty variable counts as none: that is how compose files and shells unset one.
            guard let text = environment[option.environmentName], !text.isEmpty else { continue }
            invocation.settings[option.name] = Invocation.Setting(text: text, origin: option.environmentName)
        }
    }

    private mutating func readConfigurationFile() {
        guard let path = invocation.settings["config"]?.text else { return }
        do throws(Fault) {
            let text = try readFile(path)
            let (lines, wrong) = ConfigurationFile.read(text, path: path, known: knownSettings)
            faults += wrong
            for line in lines where invocation.settings[line.name] == nil {
                guard syntax.settings.contains(where: { $0.name == line.name }) else { continue }
                let origin = "\(line.name) in \(path), line \(line.number)"
                invocation.settings[line.name] = Invocation.Setting(text: line.value, origin: origin)
            }
        } catch {
            faults.append(error)
        }
    }

    private mutating func checkPositionals() {
        let count = invocation.positionals.count
        if count < syntax.positionals.lowerBound {
            faults.append(.usage("something is missing: rondo \(syntax.name) \(syntax.usage)"))
        } else if count > syntax.positionals.upperBound {
            let extra = invocation.positionals[syntax.positionals.upperBound]
            let usage = syntax.usage.isEmpty ? syntax.name : "\(syntax.name) \(syntax.usage)"
            faults.append(.usage("“\(extra)” is one argument too many: rondo \(usage)"))
        }
    }
}

extension Invocation {
    func noting(_ faults: [Fault]) -> Invocation {
        var noted = self
        noted.faults = faults
        return noted
    }

    /// - Throws: What was wrong with the command line, for commands without values to check.
    func requireNoFaults() throws(Faults) {
        if !faults.isEmpty { throw Faults(faults) }
    }
}
