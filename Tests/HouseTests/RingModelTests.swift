import Foundation
import Testing

/// Lets Spin walk through every state of a model of the ring (`Tests/Models`); `docs/model.md` says what they say.
@Suite struct RingModelTests {
    /// What Spin's verifier printed about one variant of a model.
    private struct Verdict {
        let text: String

        /// How many states there are, nil when the walk came to no end.
        var states: Int? {
            text.firstMatch(of: #/(\d+) states, stored/#).flatMap { Int($0.1) }
        }
        var hasError: Bool { !text.contains("errors: 0") }
        /// Every reachable state was seen: no bound of depth or memory ended the walk, and no error.
        var isComplete: Bool {
            !hasError && !text.contains("not completed") && !text.contains("max search depth") && states != nil
        }
        /// The rule that was broken, `isStranded`.
        var broken: String? { text.firstMatch(of: #/assertion violated\s+!\((\w+)\)/#).map { String($0.1) } }
    }

    private static func run(_ program: String, _ arguments: [String], in folder: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        do {
            try process.run()
        } catch {
            Issue.record("\(program) could not be started (\(error)); install it: sudo apt-get install spin gcc")
            throw error
        }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    /// Spin writes the verifier, gcc compiles it, and it walks.
    private static func verify(_ model: String, _ variant: [String]) throws -> Verdict {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rondo-model-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: URL(filePath: SourceTree.root + "/Tests/Models"), to: folder)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let flags = variant.map { "-D" + $0 }
        let isLive = variant.contains("HEALS")
        var text = try run("/usr/bin/spin", ["-a"] + flags + [model + ".pml"], in: folder)
        let safety = isLive ? ["-DNOFAIR"] : ["-DSAFETY"]
        text += try run(
            "/usr/bin/gcc", ["-O1", "-w", "-DMEMLIM=1024"] + safety + flags + ["-o", "pan", "pan.c"], in: folder)
        text += try run(folder.path + "/pan", (isLive ? ["-a"] : []) + ["-m10000", "-w22"], in: folder)
        return Verdict(text: text)
    }

    @Test(arguments: [["LADDER"], ["LADDER", "HEALS"], ["LADDER", "RESTART"]])
    func `With the roster and the registry behind the references no history of five servers breaks the ring`(
        variant: [String]
    ) throws {
        let verdict = try Self.verify("ring", variant)
        #expect(verdict.isComplete, "\(verdict.text)")
        #expect(verdict.states ?? 0 > 50_000, "\(verdict.text)")
    }

    @Test func `Two references alone are enough only while no more die than they can bear`() throws {
        let verdict = try Self.verify("ring", ["ZAVE"])
        #expect(verdict.isComplete, "\(verdict.text)")
        #expect(verdict.states ?? 0 > 1_000, "\(verdict.text)")
    }

    @Test(arguments: [[], ["LADDER", "UNNAMED"]])
    func `Two references alone, and a roster alone, leave a server without anybody to turn to`(variant: [String]) throws
    {
        let verdict = try Self.verify("ring", variant)
        #expect(verdict.hasError, "\(verdict.text)")
        #expect(verdict.broken == "isStranded", "\(verdict.text)")
    }

    @Test(arguments: [["CONTEST"], ["CONTEST", "HEALS"]])
    func `A cut that heals holds nobody dead on hearsay, and always ends with one ring`(variant: [String]) throws {
        let verdict = try Self.verify("heal", variant)
        #expect(verdict.isComplete, "\(verdict.text)")
        #expect(verdict.states ?? 0 > 5_000, "\(verdict.text)")
    }

    @Test(arguments: [([], "isPoisoned"), (["CONTEST", "FORGETFUL"], "isStuck")] as [([String], String)])
    func `Without asking the accused the halves kill each other, and without pinging the dead they never meet`(
        variant: [String], broken: String
    ) throws {
        let verdict = try Self.verify("heal", variant)
        #expect(verdict.hasError, "\(verdict.text)")
        #expect(verdict.broken == broken, "\(verdict.text)")
    }
}
