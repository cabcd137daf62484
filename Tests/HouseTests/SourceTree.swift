import Foundation
import Testing

/// The project's own files, as the rules of the house look at them.
struct SourceFile: Sendable, CustomTestStringConvertible {
    /// From the project's root, `Sources/Ring/Roster.swift`.
    let path: String
    let lines: [String]
    /// The lines without comments and without what is in quotes.
    let code: [String]

    /// The folder under `Sources` or `Tests`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var testDescription: String { path }

    /// The numbers of the lines of code that match.
    func lines(matching expression: some RegexComponent) -> [Int] {
        code.indices.filter { code[$0].firstMatch(of: expression) != nil }.map { $0 + 1 }
    }

    /// The modules that the file imports.
    var imports: Set<String> {
        Set(
            code.lazy.filter { $0.contains("import ") }.compactMap {
                $0.firstMatch(of: #/^\s*(?:@\w+ )?(?:\w+ )?import (?:(?:struct|enum|class|protocol|func) )?(\w+)/#)
            }
            .map { String($0.1) })
    }

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = Self.withoutWords(lines)
    }

    private static func withoutWords(_ lines: [String]) -> [String] {
        var isInText = false
        return lines.map { line in
            let quotes = line.components(separatedBy: "\"\"\"").count - 1
            defer { if !quotes.isMultiple(of: 2) { isInText.toggle() } }
            if isInText { return "" }
            let bare = line.replacing(#/"(?:\\.|[^"\\])*"/#, with: "\"\"")
            return bare.firstMatch(of: #/\/\//#).map { String(bare[..<$0.range.lowerBound]) } ?? bare
        }
    }
}

enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let sources = files(under: "Sources")
    static let tests = files(under: "Tests")
    static let benchmarks = files(under: "Benchmarks")

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    /// The folders right under `path`.
    static func folders(under path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root + "/" + path).filter { !$0.hasPrefix(".") }.sorted()
    }

    private static func files(under folder: String) -> [SourceFile] {
        let names = FileManager.default.enumerator(atPath: root + "/" + folder)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().compactMap { name in
            let path = folder + "/" + name
            return (try? text(path)).map { SourceFile(path: path, text: $0) }
        }
    }
}
