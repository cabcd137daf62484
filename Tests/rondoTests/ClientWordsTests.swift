import Client
import Testing

@testable import rondo

@Suite struct ClientWordsTests {
    private static func command(_ words: [String], _ options: [String: String] = [:]) throws(Faults) -> ClientCommand {
        var invocation = Invocation()
        for (name, text) in options { invocation.settings[name] = Invocation.Setting(text: text, origin: "--" + name) }
        return try ClientWords.command(words, invocation)
    }

    @Test func `the words become commands`() throws {
        #expect(try Self.command(["list"]) == .list)
        #expect(try Self.command(["search", "blue", "danube"]) == .search(words: "blue danube"))
        #expect(try Self.command(["upload", "a b", "c"]) == .upload(paths: ["a b", "c"], showsEach: true))
        #expect(try Self.command(["play", "x"], ["output": "-"]) == .play(song: "x", output: .stream))
        #expect(try Self.command(["download", "x"], ["output": "f"]) == .download(song: "x", output: .file("f")))
        #expect(
            try Self.command(["fragment", "x"], ["from-ms": "5", "count": "0"])
                == .fragment(song: "x", fromMs: 5, count: 0, output: .standard))
        #expect(try Self.command(["status"], ["json": "true"]) == .status(json: true))
    }

    @Test(arguments: [
        ["lisst"], ["list", "x"], ["search"], ["upload"], ["play"], ["download"], ["fragment"], ["status", "x"], [],
    ])
    func `what is no command is one fault`(_ words: [String]) {
        #expect(throws: Faults.self) { try Self.command(words) }
    }

    @Test func `an option that means nothing to a word is told`() {
        #expect(throws: Faults.self) { try Self.command(["list"], ["output": "f"]) }
        #expect(throws: Faults.self) { try Self.command(["play", "x"], ["count": "2"]) }
        #expect(throws: Faults.self) { try Self.command(["fragment", "x"], ["from-ms": "-1"]) }
    }

    @Test(arguments: [
        ("a b", ["a", "b"]), ("  a\t'b c' ", ["a", "b c"]), (#"upload "My Music" x"#, ["upload", "My Music", "x"]),
        (#"a\ b"#, ["a b"]), (#""a'b" ''"#, ["a'b", ""]), ("", []), (#""open"#, ["open"]),
    ])
    func `a line at the prompt is split as a shell splits it`(_ line: String, _ words: [String]) {
        #expect(PromptLine.words(line) == words)
    }
}
