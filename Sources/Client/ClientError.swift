/// Why a command could not be done, in words for the person at the terminal.
package enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No Router answered, though several were tried for a while; the text says what each said.
    case noRouter(String)
    /// A Router answered that it will not; trying again does not help.
    case refused(status: Int, code: String, message: String)
    /// A file of this machine; the text says which and why.
    case file(String)
    /// The command itself is wrong.
    case usage(String)
    /// No song, or several, where one is needed.
    case song(String)
    /// The bytes that arrived are not the song's.
    case wrongBytes(String)
    /// Whoever read the output has gone.
    case outputClosed
    /// There is no player, or it ended with an error.
    case player(String)

    package var description: String {
        switch self {
        case .noRouter(let reason): reason
        case .refused(_, _, let message): message
        case .file(let text), .usage(let text), .song(let text), .wrongBytes(let text), .player(let text): text
        case .outputClosed: "nobody reads the output any more"
        }
    }

    /// Whether it is the command that is wrong: exit code 2.
    package var isUsage: Bool { if case .usage = self { true } else { false } }
}

/// Why one attempt at one Router came to nothing.
package enum AttemptError: Error, Hashable, Sendable {
    /// Another Router, or the same one later, may do it; the text is half a sentence.
    case another(String)
    /// Elsewhere, says this Router.
    case moved(String)
    /// No Router will do it.
    case final(ClientError)
}
