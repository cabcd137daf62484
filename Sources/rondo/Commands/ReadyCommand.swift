import Client
import FoundationEssentials
import Linux
import Model
import Node
import Platform

/// `rondo ready`: asks servers whether they are ready, as container engines and service managers want it asked.
enum ReadyCommand {
    static let command = Command(syntax: syntax) { invocation throws(Faults) in
        var reader = SettingsReader(invocation, faults: invocation.faults)
        let named = invocation.positionals.flatMap { text in
            reader.endpoints(text, origin: "SERVER", standardPort: ServerConfiguration.defaultHTTPPort)
        }
        if !reader.faults.isEmpty { throw Faults(reader.faults) }
        try await LoopRun.run { () throws(Faults) in try await ask(named) }
    }

    static let syntax = CommandSyntax(
        "ready", "say whether the servers of this host, or of this container, are ready", usage: "[SERVER…]",
        arguments: [
            (
                "SERVER",
                "where one serves HTTP, HOST or HOST:PORT [every `rondo server` that runs here; where none does, "
                    + "nothing is wrong]"
            )
        ], positionals: 0...100, examples: ["rondo ready", "rondo ready 172.20.0.3"])

    @Loop
    private static func ask(_ named: [Endpoint]) async throws(Faults) {
        let servers = named.isEmpty ? RunningServer.all.compactMap(\.http) : named
        if servers.isEmpty { return Terminal.write("no server runs here\n") }
        let world = ClientPlace.local(registry: .loopback).world()
        var faults: [Fault] = []
        for server in servers {
            switch await ServerProbe.readiness(of: server, world: world) {
            case .ready: Terminal.write("\(server) is ready\n")
            case .notReady(let reason): faults.append(.failed("\(server) is not ready: \(reason)"))
            case .silent: faults.append(.failed("\(server) does not answer; its log says why"))
            }
        }
        if !faults.isEmpty { throw Faults(faults) }
    }
}

/// A `rondo server` that runs here, as its command line and its environment show it.
struct RunningServer {
    let arguments: [String]
    let environment: [String: String]

    /// Those that this user may look at: in a container all of them.
    static var all: [RunningServer] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.compactMap { Int32($0) }.sorted().compactMap { process in
            let words = texts("/proc/\(process)/cmdline")
            guard words.count > 1, words[1] == "server", words[0].split(separator: "/").last == "rondo" else {
                return nil
            }
            return RunningServer(
                arguments: Array(words.dropFirst(2)), environment: variables(texts("/proc/\(process)/environ")))
        }
    }

    /// Where it serves HTTP; nil where it says no address and has none.
    @Loop
    var http: Endpoint? {
        var reader = InvocationReader(
            syntax: ServerCommand.syntax, environment: environment, knownSettings: Commands.settingNames,
            readFile: Commands.readFile)
        var settings = SettingsReader(reader.read(arguments).0)
        let port = settings.port("http", standard: ServerConfiguration.defaultHTTPPort)
        if let other = settings.value("http-address", "", { HostAddress($0) }) {
            return Endpoint(other == .any ? .loopback : other, port)
        }
        let words = settings.invocation.positionals
        if let text = words.dropFirst().first ?? settings.text("address") {
            return HostAddress(text).map { Endpoint($0, port) }
        }
        let named = (words.dropFirst(2).first ?? settings.text("registry")).map {
            settings.endpoints($0, origin: "", standardPort: ServerConfiguration.defaultDNSPort)
        }
        let registry = named?.first ?? ServerConfiguration.defaultRegistry
        return LinuxNetwork().sourceAddress(toward: registry.host).map { Endpoint($0, port) }
    }

    private static func texts(_ path: String) -> [String] {
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func variables(_ texts: [String]) -> [String: String] {
        texts.reduce(into: [:]) { variables, text in
            guard let equals = text.firstIndex(of: "=") else { return }
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
    }
}
