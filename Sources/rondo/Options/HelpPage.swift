/// Lays out the pages that `--help` prints: two columns, 80 wide, with the defaults.
enum HelpPage {
    private static let width = 80
    private static let origins =
        "Every option is also an environment variable (--log-level is RONDO_LOG_LEVEL) and a line of the file "
        + "that --config names (log-level = debug); an option beats the environment, the environment the file."

    static func of(_ syntax: CommandSyntax) -> String {
        var page = wrapped(sentence(syntax.summary), indent: 0) + "\nUsage: rondo \(syntax.name)"
        page += (syntax.usage.isEmpty ? "" : " \(syntax.usage)") + " [options]\n"
        if !syntax.arguments.isEmpty { page += "\n" + table(syntax.arguments) }
        page += "\nOptions:\n" + table(syntax.options.filter(\.isOnCommandLine).map(row))
        let hidden = syntax.options.filter { !$0.isOnCommandLine } + syntax.positionalSettings
        if !hidden.isEmpty {
            page +=
                "\nOnly in the environment and the file:\n" + table(hidden.map { ($0.environmentName, text(of: $0)) })
        }
        page += "\n" + wrapped(Self.origins, indent: 0)
        if !syntax.examples.isEmpty {
            page += "\nExamples:\n" + syntax.examples.map { "  \($0)\n" }.joined()
        }
        return page
    }

    static func overview(_ commands: [CommandSyntax]) -> String {
        """
        Rondo: a music streaming cluster that keeps playing.

        Usage: rondo COMMAND [arguments] [options]

        \(table(commands.map { ($0.name, $0.summary) }))
        `rondo COMMAND --help` explains one; `rondo --version` prints the version.
        Exit codes: 0 ok, 1 failed, 2 wrong usage.

        """
    }

    private static func row(_ option: OptionSyntax) -> (name: String, summary: String) {
        let letter = option.letter.map { "-\($0), " } ?? ""
        let value = option.placeholder.map { " \($0)" } ?? ""
        return ("\(letter)--\(option.name)\(value)", text(of: option))
    }

    private static func text(of option: OptionSyntax) -> String {
        option.summary + (option.standard.map { " [\($0)]" } ?? "")
    }

    /// Rows with the second column aligned; a first column too wide for that has its row begin on the next line.
    static func table(_ rows: [(name: String, summary: String)]) -> String {
        let widest = rows.map(\.name.count).filter { $0 <= 26 }.max() ?? 0
        let indent = widest + 4
        return rows.map { row in
            let text = wrapped(row.summary, indent: indent)
            guard row.name.count <= widest else { return "  \(row.name)\n\(text)" }
            return "  " + row.name + String(text.dropFirst(row.name.count + 2))
        }.joined()
    }

    /// The words in lines of at most 80 columns, each line indented and ended.
    static func wrapped(_ text: String, indent: Int) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        lines.append(line)
        let margin = String(repeating: " ", count: indent)
        return lines.map { margin + $0 + "\n" }.joined()
    }

    private static func sentence(_ text: String) -> String {
        (text.first?.uppercased() ?? "") + text.dropFirst() + "."
    }
}
