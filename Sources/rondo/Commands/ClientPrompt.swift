import Client
import Linux
import Platform

/// The prompt of `rondo client`: the same words as on the command line, one command a line, until the end of the input.
@Loop
struct ClientPrompt {
    private static let help = """
        list                                    all songs
        search WORDS                            songs with words beginning so
        play SONG [-o -]                        SONG is an id, or words that match one song
        download SONG [-o FILE]                 the original, bit for bit
        fragment SONG --from-ms TIME [--count N] [-o FILE]
        upload FILE-OR-FOLDER…                  "quotes" hold a name with spaces together
        status [--json]                         the servers of the ring
        help, quit

        """

    let place: ClientPlace

    func run() async throws(Faults) {
        let session = try place.session()
        let input = BlockingPool(name: "rondo-input", threads: 1)
        let isInteractive = Terminal.isTerminal(.input)
        if isInteractive { Terminal.write("Rondo \(Commands.version). `help` lists the words, `quit` leaves.\n") }
        while true {
            if isInteractive { Terminal.write("rondo> ") }
            guard let line = await input.run({ readLine() }) else { break }
            let words = PromptLine.words(line)
            switch words.first {
            case nil: continue
            case "help": Terminal.write(Self.help)
            case "quit", "exit": return
            default: await run(words, session)
            }
        }
        if isInteractive { Terminal.write("\n") }
    }

    /// One line; what goes wrong with it is told and ends nothing.
    private func run(_ words: [String], _ session: ClientSession) async {
        do throws(Faults) {
            var reader = InvocationReader(syntax: Self.syntax, environment: [:], knownSettings: []) {
                path throws(Fault) in
                throw .usage("--config belongs on the command line")
            }
            let (invocation, faults) = reader.read(words)
            if invocation.wantsHelp { return Terminal.write(Self.help) }
            let command = try ClientWords.command(invocation.positionals, invocation.noting(faults))
            do throws(ClientError) {
                try await session.run(command)
            } catch {
                throw Faults(.failed("\(error)"))
            }
        } catch {
            for fault in error.all { Terminal.write("\(fault.message)\n", to: .error) }
        }
    }

    private static let syntax = CommandSyntax(
        "client", "one line at the prompt", positionals: 1...10_000, options: ClientCommands.commandOptions)
}

/// Splits a line into words as a shell would: quotes hold words together, a backslash takes the next character as it
/// is.
enum PromptLine {
    static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in line {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let whole = word { words.append(whole) }
        return words
    }
}
