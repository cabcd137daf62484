import Client
import FoundationEssentials
import Linux
import Model
import Node
import Platform

/// `rondo client` and `rondo status`: the listener's terminal.
enum ClientCommands {
    static let words = ["list", "search", "upload", "play", "download", "fragment", "status"]

    static let client = Command(syntax: clientSyntax) { invocation throws(Faults) in
        let place = try ClientPlace.read(invocation, leadingRegistry: true)
        if place.words.isEmpty {
            try invocation.requireNoFaults()
            return try await LoopRun.run { () throws(Faults) in try await ClientPrompt(place: place).run() }
        }
        let command = try ClientWords.command(place.words, place.invocation)
        try await run(command, at: place)
    }

    static let status = Command(syntax: statusSyntax) { invocation throws(Faults) in
        let place = try ClientPlace.read(invocation, leadingRegistry: true)
        if let extra = place.words.first {
            throw Faults(.usage("“\(extra)” is no registry's address: rondo status [REGISTRY[,REGISTRY…]]"))
        }
        var reader = SettingsReader(invocation)
        try await run(.status(json: reader.flag("json")), at: place)
    }

    private static func run(_ command: ClientCommand, at place: ClientPlace) async throws(Faults) {
        try await LoopRun.run { () throws(Faults) in
            let session = try place.session()
            do throws(ClientError) {
                try await session.run(command)
            } catch {
                throw Faults(error.isUsage ? .usage("\(error)") : .failed("\(error)"))
            }
        }
    }

    static let clientSyntax = CommandSyntax(
        "client", "list, search, upload, play and download music",
        usage: "[REGISTRY[,REGISTRY…]] [COMMAND …]",
        arguments: [
            ("REGISTRY", "where the registries are, HOST or HOST:PORT, separated by commas, or none [172.20.0.2:5300]"),
            ("list", "all songs"),
            ("search WORDS", "the songs that have words beginning so, in any field"),
            ("upload PATH…", "files, and folders with all below them; nothing is uploaded twice"),
            ("play SONG", "through an installed player (mpv, ffplay, …), or with -o - to standard output"),
            ("download SONG", "the original, bit for bit, to -o FILE"),
            ("fragment SONG", "the chunk that plays at --from-ms, and --count in all"),
            ("status", "the servers of the ring"),
            ("SONG", "an id, or words that match one song only; without a COMMAND there is a prompt"),
        ],
        positionals: 0...10_000, options: commandOptions + placeOptions, positionalSettings: [registrySetting],
        examples: [
            "rondo client 127.0.1.1 upload ~/Music", "rondo client 127.0.1.1 play blue danube",
            "rondo client 127.0.1.1 download blue danube -o waltz.ogg",
        ])

    static let statusSyntax = CommandSyntax(
        "status", "show the ring: its servers, their order and roles, and how well the music is kept",
        usage: "[REGISTRY[,REGISTRY…]]",
        arguments: [
            ("REGISTRY", "where the registries are, HOST or HOST:PORT, separated by commas, or none [172.20.0.2:5300]")
        ],
        positionals: 0...1,
        options: [.flag("json", "print what a server answers to GET /api/v1/cluster")] + placeOptions,
        positionalSettings: [registrySetting], examples: ["rondo status 127.0.1.1"])

    /// Options of single commands, at the prompt too.
    static let commandOptions = [
        OptionSyntax("output", "FILE", "where the song goes; - is standard output", letter: "o"),
        OptionSyntax("from-ms", "TIME", "where a fragment begins, in milliseconds", standard: "0"),
        OptionSyntax("count", "NUMBER", "chunks of a fragment; 0 means to the end", standard: "1"),
        .flag("json", "print the status as JSON"),
    ]

    private static let placeOptions = [
        OptionSyntax("zone", "NAME", "the DNS zone of the cluster", standard: "rondo"),
        OptionSyntax(
            "key-file", "FILE", "the cluster's key, with which servers are found by broadcast where no registry answers"
        ),
        OptionSyntax("discovery", "PORT", "the UDP port of that broadcast; 0: never", standard: "2222"),
        OptionSyntax("key", "KEY", "the key itself, instead of --key-file", isOnCommandLine: false),
        OptionSyntax("cache", "DIR", "where fetched music is kept", standard: "~/.cache/rondo"),
        OptionSyntax("cache-size", "BYTES", "how much of it, 0 for none", standard: "256M"),
    ]

    private static let registrySetting = OptionSyntax("registry", "REGISTRY", "the REGISTRY where none is given")
}

/// Which cluster a client command means, and where its cache is.
struct ClientPlace: Sendable {
    var registries: [Endpoint]
    var zone: String
    /// Nil without a key.
    var broadcast: BroadcastSettings?
    var cacheFolder: String?
    var cacheLimit: Int64
    /// The command and its arguments, without the registry.
    var words: [String]
    var invocation: Invocation

    /// - Parameter leadingRegistry: whether the first argument may be one: it is when it is no word of the client.
    static func read(_ invocation: Invocation, leadingRegistry: Bool) throws(Faults) -> ClientPlace {
        var reader = SettingsReader(invocation, faults: invocation.faults)
        var words = invocation.positionals
        var registries = [ServerConfiguration.defaultRegistry]
        if leadingRegistry, let first = words.first, !ClientCommands.words.contains(first) {
            if first.contains(where: { $0 == "." || $0 == ":" })
                || Suggestion.nearest(to: first, among: ClientCommands.words) == nil
            {
                registries = named(first, "REGISTRY", &reader)
                words.removeFirst()
            }
        } else if let setting = invocation.settings["registry"] {
            registries = named(setting.text, setting.origin, &reader)
        }
        let limit = reader.value("cache-size", "a size in bytes, as in 500M, or 0") { text in
            text == "0" ? 0 : ByteText.read(text)
        }
        let place = ClientPlace(
            registries: registries, zone: reader.text("zone") ?? "rondo", broadcast: broadcast(&reader),
            cacheFolder: reader.text("cache") ?? standardCache, cacheLimit: limit ?? ChunkCache.standardLimit,
            words: words, invocation: invocation)
        if !reader.faults.isEmpty { throw Faults(reader.faults) }
        return place
    }

    private static func named(_ text: String, _ origin: String, _ reader: inout SettingsReader) -> [Endpoint] {
        if text == ServerConfiguration.noRegistry { return [] }
        return reader.endpoints(text, origin: origin, standardPort: ServerConfiguration.defaultDNSPort)
    }

    private static func broadcast(_ reader: inout SettingsReader) -> BroadcastSettings? {
        let port = reader.port(
            "discovery", standard: ServerConfiguration.defaultDiscoveryPort, zeroMeaning: "turns discovery off")
        guard let (keys, _) = reader.keys(), port != 0 else { return nil }
        return BroadcastSettings(keys: keys, port: port)
    }

    private static var standardCache: String? {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/rondo" }
        return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.cache/rondo" }
    }

    /// The cluster of `rondo up`, which needs no cache of what lies on the same disk.
    static func local(registry: HostAddress) -> ClientPlace {
        ClientPlace(
            registries: [Endpoint(registry, ServerConfiguration.defaultDNSPort)], zone: "rondo", broadcast: nil,
            cacheFolder: nil,
            cacheLimit: 0, words: [], invocation: Invocation())
    }

    @Loop
    func world() -> ClientWorld {
        let clock = LinuxClock()
        return ClientWorld(
            clock: clock, network: LinuxNetwork(), files: HostFiles(), screen: TerminalScreen.screen,
            output: StandardOutput()
        ) { contentType throws(ClientError) in
            try InstalledPlayer.open(
                contentType: contentType, environment: ProcessInfo.processInfo.environment, clock: clock)
        }
    }

    @Loop
    func session() throws(Faults) -> ClientSession {
        let world = world()
        let directory = RegistryDirectory(
            registries: registries, zone: zone, broadcast: broadcast, clock: world.clock, network: world.network)
        guard let directory else { throw Faults(.usage("--zone: “\(zone)” is no name of a DNS zone")) }
        let cache = ChunkCache(
            files: world.files, folder: cacheFolder ?? "", limit: cacheFolder == nil ? 0 : cacheLimit)
        return ClientSession(world: world, directory: directory, cache: cache)
    }
}

/// The terminal behind standard output and error.
enum TerminalScreen {
    static let screen = Screen(
        isTerminal: Terminal.isTerminal(.output), columns: Terminal.columns(of: .output),
        write: { Terminal.write($0) }, writeError: { Terminal.write($0, to: .error) })
}

/// Standard output as a sink of music.
@Loop
final class StandardOutput: ByteSink {
    private let output = BlockingOutput(.output)

    func write(_ bytes: ArraySlice<UInt8>) async throws(ClientError) {
        do throws(StreamError) {
            try await output.write(bytes)
        } catch {
            throw .outputClosed
        }
    }

    func finish() async throws(ClientError) {}
}
