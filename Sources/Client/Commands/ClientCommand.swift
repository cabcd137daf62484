/// What a listener asks for at the terminal.
package enum ClientCommand: Hashable, Sendable {
    case list
    case search(words: String)
    /// Tells about each file, or about those alone that failed.
    case upload(paths: [String], showsEach: Bool)
    case play(song: String, output: Output)
    case download(song: String, output: Output)
    case fragment(song: String, fromMs: Int64, count: Int, output: Output)
    case status(json: Bool)

    /// Where the bytes of a song go.
    package enum Output: Hashable, Sendable {
        /// The sound device for `play`, a file named after the song else.
        case standard
        /// Standard output, written `-`.
        case stream
        case file(String)

        package init(_ text: String?) {
            self = text.map { $0 == "-" ? .stream : .file($0) } ?? .standard
        }
    }
}
