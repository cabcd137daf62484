/// One thing that a person can set: by `--name`, by `RONDO_NAME`, or by `name =` in a configuration file.
struct OptionSyntax: Sendable {
    /// Lower case with hyphens, `public-http`.
    let name: String
    /// What help shows for the value, `PORT`; nil for a flag.
    let placeholder: String?
    /// The short form, `-o`.
    let letter: Character?
    let summary: String
    /// What help says stands when nothing is given.
    let standard: String?
    /// Whether it may stand on the command line: a secret may not, since every user of the machine sees it there.
    let isOnCommandLine: Bool

    init(
        _ name: String, _ placeholder: String?, _ summary: String, letter: Character? = nil,
        standard: String? = nil, isOnCommandLine: Bool = true
    ) {
        self.name = name
        self.placeholder = placeholder
        self.letter = letter
        self.summary = summary
        self.standard = standard
        self.isOnCommandLine = isOnCommandLine
    }

    static func flag(_ name: String, _ summary: String, letter: Character? = nil) -> OptionSyntax {
        OptionSyntax(name, nil, summary, letter: letter)
    }

    /// `RONDO_PUBLIC_HTTP` for `public-http`.
    var environmentName: String {
        "RONDO_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }
}

/// A word of `rondo`, with all that may follow it.
struct CommandSyntax: Sendable {
    /// As typed after `rondo`, `key new`.
    let name: String
    /// One line for the list of commands.
    let summary: String
    /// What follows the name in the usage line, `TYPE [ADDRESS]`.
    let usage: String
    /// The positional arguments, or the words of a command that has some, each with what it means.
    let arguments: [(name: String, summary: String)]
    /// How many positional arguments there may be.
    let positionals: ClosedRange<Int>
    let options: [OptionSyntax]
    /// Settings that are positional arguments on the command line, but may also come from environment and file.
    let positionalSettings: [OptionSyntax]
    let examples: [String]

    init(
        _ name: String, _ summary: String, usage: String = "", arguments: [(name: String, summary: String)] = [],
        positionals: ClosedRange<Int> = 0...0, options: [OptionSyntax] = [],
        positionalSettings: [OptionSyntax] = [], examples: [String] = []
    ) {
        self.name = name
        self.summary = summary
        self.usage = usage
        self.arguments = arguments
        self.positionals = positionals
        self.options = options + Self.common
        self.positionalSettings = positionalSettings
        self.examples = examples
    }

    /// Options of every command.
    static let common = [
        OptionSyntax("config", "FILE", "read settings from FILE, one `name = value` a line"),
        .flag("help", "print this page", letter: "h"),
    ]

    var settings: [OptionSyntax] { options + positionalSettings }
}
