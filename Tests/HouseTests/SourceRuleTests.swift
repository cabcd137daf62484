import Testing

/// The rules of CONTRIBUTING.md that neither the compiler nor `swift format` looks after.
@Suite struct SourceRuleTests {
    private func expectNone(
        _ expression: some RegexComponent, in files: [SourceFile], _ why: Comment,
        where isIn: (SourceFile) -> Bool = { _ in true }
    ) {
        for file in files where isIn(file) {
            for line in file.lines(matching: expression) {
                Issue.record("\(file.path):\(line): \(why)\n\(file.lines[line - 1])")
            }
        }
    }

    private var all: [SourceFile] { SourceTree.sources + SourceTree.tests + SourceTree.benchmarks }

    @Test func `Lines have at most 120 columns, files at most 400 lines`() {
        for file in all {
            for (index, line) in file.lines.enumerated() where line.utf8.count > 120 && line.count > 120 {
                // A text or a pattern that reads better whole may be longer, code and comments may not.
                let isWords = file.code[index].count <= 120 && !line.contains(#/^\s*\/\//#)
                if !isWords { Issue.record("\(file.path):\(index + 1) has \(line.count) columns") }
            }
            #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test func `Nothing is forced and no error vanishes`() {
        expectNone(#/\btry!|\bas!|[\w)\]]!(?![=])/#, in: SourceTree.sources, "forced")
        expectNone(#/catch\s*\{\s*\}/#, in: all, "an empty catch")
        for file in SourceTree.sources {
            let text = file.code.joined(separator: "\n")
            #expect(text.firstMatch(of: #/catch\s*\{\s*\}/#) == nil, "\(file.path) has an empty catch")
        }
    }

    @Test func `Tasks have names, and none is detached`() {
        expectNone(
            #/\bTask\s*\{|= Task<.*>\s*\{|\bTask\.detached|\bTask\((?!name:)/#, in: SourceTree.sources,
            "a task without a name")
    }

    @Test func `Foundation stays out: its essentials are enough`() {
        expectNone(#/import Foundation\b/#, in: SourceTree.sources, "costs every server megabytes")
    }

    private let unsafeTargets: Set = ["Linux", "Media", "SQLiteStore", "Crypto"]

    @Test func `Unsafe code is where it has to be`() {
        let expression = #/\bunsafe\b|@unchecked/#
        expectNone(expression, in: SourceTree.sources, "unsafe outside \(unsafeTargets.sorted())") {
            !unsafeTargets.contains($0.target) && $0.path != "Sources/Platform/Loop.swift"
        }
        let loop = SourceTree.sources.filter { $0.path == "Sources/Platform/Loop.swift" }
        #expect(loop.map { $0.lines(matching: expression).count } == [1])
    }

    @Test func `Every declaration that is unsafe says why it is safe`() {
        for file in SourceTree.sources {
            for range in declarations(of: file) {
                let isUnsafe = file.code[range].contains { $0.contains(#/\bunsafe\b|@unchecked/#) }
                let saysWhy = file.lines[range].contains { $0.contains("Safe because") }
                if isUnsafe && !saysWhy {
                    Issue.record("\(file.path):\(range.lowerBound + 1): no `Safe because` comment")
                }
            }
        }
    }

    /// The line ranges of what is declared at the left margin, each with the comments above it.
    private func declarations(of file: SourceFile) -> [Range<Int>] {
        let ends = file.lines.indices.filter { file.lines[$0].hasPrefix("}") }.map { $0 + 1 } + [file.lines.count]
        return zip([0] + ends, ends).filter { $0 < $1 }.map { $0..<$1 }
    }

    @Test func `Machines have no clock, no randomness of their own, nothing to wait for and no identity`() {
        let pure: Set = [
            "Model", "Wire", "Ring", "Registry", "Discovery", "Placement", "Catalogue", "Replication", "HTTP",
            "Segments",
        ]
        let waiting = #/\basync\b|\bawait\b|\bclass\b|\bactor\b|\bprint\(/#
        let chance = #/SystemRandom|ContinuousClock|SuspendingClock|Date\(\)|Date\.now|\.random\(in: [^,)]*\)/#
        expectNone(chance, in: SourceTree.sources, "a machine gets the time and its seed") { pure.contains($0.target) }
        expectNone(waiting, in: SourceTree.sources, "a machine is a pure value") { pure.contains($0.target) }
    }

    @Test func `Every type that other targets use says what it is`() {
        let expression = #/^\s*package (?:final |indirect )?(?:struct|enum|protocol|class|actor)\b/#
        for file in SourceTree.sources {
            for line in file.lines(matching: expression) {
                var above = line - 2
                while above >= 0, file.lines[above].contains(#/^\s*@/#) { above -= 1 }
                if above < 0 || !file.lines[above].contains("///") {
                    Issue.record("\(file.path):\(line): no doc comment: \(file.lines[line - 1])")
                }
            }
        }
    }

    @Test func `Documents that are named exist`() throws {
        let pages = [
            "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "Instructions.md", "docs/spec.md", "docs/progress.md",
            "docs/decisions/README.md", "docs/docker.md", "docs/by-hand.md",
        ]
        for page in pages {
            let folder = page.split(separator: "/").dropLast().map { $0 + "/" }.joined()
            for link in try SourceTree.text(page).matches(of: #/\]\(([^)#:]+)\)/#) {
                #expect(SourceTree.exists(folder + link.1), "\(page) names \(link.1)")
            }
        }
        for file in SourceTree.sources {
            for link in file.lines.joined(separator: "\n").matches(of: #/`(docs\/[\w\/.-]+)`/#) {
                #expect(SourceTree.exists(String(link.1)), "\(file.path) names \(link.1)")
            }
        }
    }

    @Test func `Names say what things are`() {
        let empty = #/\b(?:struct|enum|class|actor|protocol) \w*(?:Helper|Util|Utils|Misc|Stuff)\w*/#
        expectNone(empty, in: all, "a name that says nothing")
    }

    @Test func `Tests wait for events, not for time, and none is left out`() {
        expectNone(
            #/Task\.sleep|\busleep\(|Thread\.sleep|\.disabled\(|XCTSkip|withKnownIssue/#,
            in: SourceTree.tests.filter { $0.target != "HouseTests" },
            "tests wait with a deadline and always run")
    }
}
