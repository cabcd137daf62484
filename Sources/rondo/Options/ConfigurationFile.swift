/// The optional file of settings: `name = value` lines, `#` comments, the names of the options without their hyphens.
enum ConfigurationFile {
    struct Line: Equatable {
        let number: Int
        let name: String
        let value: String
    }

    /// - Parameter known: the names that any command of `rondo` knows; a name of another command is no fault, since one
    ///   file may serve them all.
    static func read(_ text: String, path: String, known: [String]) -> (lines: [Line], faults: [Fault]) {
        var lines: [Line] = []
        var faults: [Fault] = []
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = trimmed(withoutComment(raw))
            guard !content.isEmpty else { continue }
            let place = "\(path), line \(index + 1)"
            guard let equals = content.firstIndex(of: "=") else {
                faults.append(.usage("\(place): “\(content)” is no `name = value`"))
                continue
            }
            let name = trimmed(content[..<equals])
            let value = trimmed(content[content.index(after: equals)...])
            if !known.contains(name) {
                let hint = Suggestion.hint(name, among: known)
                faults.append(.usage("\(place): there is no setting “\(name)”\(hint)"))
            } else if let first = lines.first(where: { $0.name == name }) {
                faults.append(.usage("\(place): \(name) is set a second time, line \(first.number) set it first"))
            } else {
                lines.append(Line(number: index + 1, name: name, value: value))
            }
        }
        return (lines, faults)
    }

    /// A `#` begins a comment at the start of a line or after white space; `song#1` keeps its own.
    private static func withoutComment(_ line: Substring) -> Substring {
        var before: Character = " "
        for index in line.indices {
            if line[index] == "#", before.isWhitespace { return line[..<index] }
            before = line[index]
        }
        return line
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
