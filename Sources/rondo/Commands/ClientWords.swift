import Client

/// Turns the words of a client command, from the command line or the prompt, into the command.
enum ClientWords {
    /// Which options belong to which word.
    private static let owners = [
        "output": ["play", "download", "fragment"], "from-ms": ["fragment"], "count": ["fragment"], "json": ["status"],
    ]

    /// - Parameter words: at least one.
    static func command(_ words: [String], _ invocation: Invocation) throws(Faults) -> ClientCommand {
        guard let word = words.first, ClientCommands.words.contains(word) else {
            let first = words.first ?? ""
            let hint = Suggestion.hint(first, among: ClientCommands.words)
            let advice = hint.isEmpty ? "; the words are \(ClientCommands.words.joined(separator: ", "))" : hint
            throw Faults(.usage("the client has no command “\(first)”\(advice)"))
        }
        var reader = SettingsReader(invocation, faults: invocation.faults)
        for (option, commands) in owners.sorted(by: { $0.key < $1.key }) {
            guard let setting = invocation.settings[option], setting.origin.hasPrefix("-") else { continue }
            if !commands.contains(word) {
                let owner = commands.joined(separator: ", ")
                reader.add(.usage("\(setting.origin) means nothing to \(word); it belongs to \(owner)"))
            }
        }
        let command = command(word, Array(words.dropFirst()), &reader)
        guard reader.faults.isEmpty, let command else { throw Faults(reader.faults) }
        return command
    }

    private static func command(
        _ word: String, _ arguments: [String], _ reader: inout SettingsReader
    ) -> ClientCommand? {
        let joined = arguments.joined(separator: " ")
        let output = ClientCommand.Output(reader.text("output"))
        let takesNone = word == "list" || word == "status"
        if takesNone, let extra = arguments.first {
            let advice = word == "list" ? "; to search, use: search \(joined)" : ""
            reader.add(.usage("\(word) takes no argument, “\(extra)” is one too many\(advice)"))
        } else if !takesNone, joined.isEmpty {
            let wanted =
                ["search": "WORDS", "upload": "a FILE or FOLDER"][word] ?? "a SONG: its id, or words of its title"
            reader.add(.usage("\(word) needs \(wanted)"))
        }
        switch word {
        case "list": return .list
        case "search": return .search(words: joined)
        case "upload": return .upload(paths: arguments, showsEach: true)
        case "play": return .play(song: joined, output: output)
        case "download": return .download(song: joined, output: output)
        case "status": return .status(json: reader.flag("json"))
        default:
            let fromMs = reader.whole("from-ms", in: 0...Int(Int32.max), standard: 0)
            let count = reader.whole("count", in: 0...1_000_000, standard: 1)
            return .fragment(song: joined, fromMs: Int64(fromMs), count: count, output: output)
        }
    }
}
