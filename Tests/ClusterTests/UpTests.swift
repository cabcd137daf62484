import Client
import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// `rondo up`: a whole cluster with one command.
    @Suite struct UpTests {
        @Test func `a folder of music is loaded, kept over Ctrl-C and not loaded twice`() async throws {
            try await onLoop {
                let up = try UpProcess(servers: 3)
                defer { up.remove() }
                try up.copy(try Music.songs(3))
                try up.start(["--music", up.folder + "/music"])
                try await up.says("3 uploaded")
                try await up.says("Ctrl-C stops everything.")
                #expect(up.text.contains("http://\(up.base)") == false, "a registry serves no page")
                let list = try await Tool.run(Tool.rondo, ["client", up.base, "list"])
                #expect(list.lines.count == 3)
                #expect(try await up.end(.interrupt) == .exited(0))
                #expect(up.text.contains("Stopped."))

                try up.start(["--music", up.folder + "/music"])
                try await up.says("0 uploaded (0 B, 0 B/s), 3 already there")
                let again = try await Tool.run(Tool.rondo, ["client", up.base, "list"])
                #expect(again.lines.sorted() == list.lines.sorted())
                #expect(try await up.end(.terminate) == .exited(0))
            }
        }

        @Test func `without music it says how to add some`() async throws {
            try await onLoop {
                let up = try UpProcess(servers: 1)
                defer { up.remove() }
                try up.start()
                try await up.says("rondo client \(up.base) upload FOLDER")
                #expect(try await up.end(.interrupt) == .exited(0))
            }
        }

        @Test func `a second one on the same home or the same addresses is refused clearly`() async throws {
            try await onLoop {
                let up = try UpProcess(servers: 1)
                defer { up.remove() }
                try up.start()
                try await up.says("Rondo is ready")
                let sameHome = try await Tool.run(
                    Tool.rondo, ["up", "--home", up.folder + "/home", "--base", "127.9.9.1"])
                #expect(sameHome.exit == .exited(1))
                #expect(sameHome.errors.contains("another rondo"), "\(sameHome.errors)")
                let sameAddress = try await Tool.run(
                    Tool.rondo, ["up", "--servers", "1", "--home", up.folder + "/other", "--base", up.base])
                #expect(sameAddress.exit == .exited(1))
                #expect(sameAddress.errors.contains("\(up.base):8080 is taken"), "\(sameAddress.errors)")
                #expect(try await up.end(.interrupt) == .exited(0))
            }
        }

        @Test func `a killed server stays dead and the line that starts it again is shown`() async throws {
            try await onLoop {
                let up = try UpProcess(servers: 3)
                defer { up.remove() }
                try up.start()
                try await up.says("Ctrl-C stops everything.")
                let victim = try #require(try await up.children().first { $0.line.contains("server auto") })
                try await Tool.run("kill", ["-9", String(victim.process)]).expectSuccess()
                try await up.says("was ended by signal 9. To start it again:")
                try await up.says("rondo server auto")
                let status = try await eventually(within: .seconds(3), "two servers are left") {
                    let status = try await Tool.run(Tool.rondo, ["status", up.base])
                    return status.text.contains("The ring is closed: 2 servers.") ? status : nil
                }.value
                #expect(status.exit == .exited(0))
                #expect(try await up.end(.interrupt) == .exited(0))
            }
        }

        @Test func `the servers die with it when it is killed`() async throws {
            try await onLoop {
                let up = try UpProcess(servers: 2)
                defer { up.remove() }
                try up.start()
                try await up.says("Rondo is ready")
                #expect(try await up.children().count == 3)
                _ = try await up.end(.kill)
                try await eventually(within: .seconds(2), "no server is left") { try await up.children().isEmpty }
            }
        }
    }
}

extension Tool.Result {
    func expectSuccess() throws {
        if exit != .exited(0) { throw NotInTime(description: "it ended with \(exit): \(errors)") }
    }
}

/// A `rondo up` on addresses and a home of its own.
@Loop
private final class UpProcess {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    let base: String
    private let servers: Int
    private var process: ChildProcess?
    private let clock = LinuxClock()
    private var starts = 0

    init(servers: Int) throws {
        self.servers = servers
        base = RealCluster.freshBlock().description
        temporary = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder + "/music", withIntermediateDirectories: true)
    }

    func copy(_ songs: [String]) throws {
        for song in songs {
            let name = song.split(separator: "/").last.map(String.init) ?? ""
            try FileManager.default.copyItem(atPath: song, toPath: "\(folder)/music/\(name)")
        }
    }

    func start(_ arguments: [String] = []) throws {
        starts += 1
        let all = ["up", "--servers", String(servers), "--home", folder + "/home", "--base", base] + arguments
        var child = ChildSpecification(Tool.rondo, all, environment: Tool.cleanEnvironment())
        child.output = .appended(to: log)
        child.error = .appended(to: log)
        child.hasOwnGroup = true
        process = try ChildProcess(child)
    }

    /// What the last start has printed.
    var text: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
    private var log: String { "\(folder)/up-\(starts).log" }

    func says(_ words: String) async throws {
        try await eventually(within: .seconds(30), "it says “\(words)”", state: { self.text }) {
            if let exit = self.process?.exit, !self.text.contains(words) {
                throw NotInTime(description: "it ended with \(exit): \(self.text)")
            }
            return self.text.contains(words)
        }
    }

    func end(_ signal: Signal) async throws -> ChildExit {
        process?.send(signal)
        guard let exit = await process?.wait(until: clock.now + .seconds(45)) else {
            throw NotInTime(description: "it did not end: \(text)")
        }
        return exit
    }

    /// The servers on this home, by their command lines.
    func children() async throws -> [(process: Int32, line: String)] {
        var found: [(process: Int32, line: String)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let process = Int32(name), let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else { continue }
            let line = String(decoding: data, as: UTF8.self).split(separator: "\0").joined(separator: " ")
            if line.contains("\(folder)/home/"), line.contains("server") { found.append((process, line)) }
        }
        return found
    }

    func remove() {
        process?.send(.kill)
        temporary.remove()
    }
}
