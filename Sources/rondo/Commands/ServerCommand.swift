import FoundationEssentials
import Linux
import Node
import Platform

/// `rondo server`: one server, in the foreground, until a signal ends it.
enum ServerCommand {
    /// Set by `rondo up` to its process id: a server of it ends when it does.
    static let parentVariable = "RONDO_PARENT"

    static let command = Command(syntax: syntax) { invocation throws(Faults) in
        let configuration = try ServerSettings.read(invocation)
        guard let keySource = KeySource.of(invocation) else { throw Faults(ServerSettings.missingKey) }
        ProcessMemory.tune()
        ProcessLimits.raiseOpenFiles()
        try dieWithParent()
        let home: Home
        do throws(StoreError) {
            home = try Home(configuration.home)
        } catch {
            throw Faults(.failed(ServerProcess.sentence(error, configuration)))
        }
        try await LoopRun.run { () throws(Faults) in
            try await ServerProcess(configuration: configuration, keySource: keySource, home: home).run()
        }
    }

    /// - Throws: When the parent had died before this began, so that no signal would tell.
    private static func dieWithParent() throws(Faults) {
        guard let parent = ProcessInfo.processInfo.environment[parentVariable] else { return }
        ProcessLimits.dieWithParent()
        guard String(ProcessLimits.parent) == parent else {
            throw Faults(.failed("the `rondo up` that started this server has ended"))
        }
    }

    static let syntax = CommandSyntax(
        "server", "run one server of a cluster", usage: "TYPE [ADDRESS] [REGISTRY[,REGISTRY…]]",
        arguments: [
            (
                "TYPE",
                "0 or auto: takes the role that is short; 1 or data, 3 or router: starts with that role; "
                    + "2 or registry: a registry"
            ),
            ("ADDRESS", "the IPv4 address to listen on [this host's on the network that reaches the registry]"),
            (
                "REGISTRY",
                "where the registries are, HOST or HOST:PORT, separated by commas; none: found by broadcast "
                    + "[172.20.0.2:5300]"
            ),
        ],
        positionals: 0...3, options: options, positionalSettings: positionalSettings,
        examples: [
            "rondo server registry 172.20.0.2 --key-file rondo.key",
            "rondo server auto 172.20.0.3 --key-file rondo.key --home /srv/rondo",
        ])

    private static let options = [
        OptionSyntax("home", "DIR", "the folder of everything that outlives the process", standard: "/var/lib/rondo"),
        OptionSyntax(
            "key-file", "FILE",
            "the cluster's key, made by `rondo key new`; further lines are keys that are also accepted; SIGHUP reads it "
                + "again"),
        OptionSyntax("http", "PORT", "the port for listeners", standard: "8080"),
        OptionSyntax("peer", "PORT", "the port for the other servers", standard: "7700"),
        OptionSyntax("dns", "PORT", "the port for names, on registries", standard: "5300"),
        OptionSyntax(
            "discovery", "PORT", "the UDP port on which servers find each other where no registry answers; 0: never",
            standard: "2222"),
        OptionSyntax("replicas", "NUMBER", "copies of every part of a song", standard: "3"),
        OptionSyntax("zone", "NAME", "the DNS zone of the cluster", standard: "rondo"),
        OptionSyntax(
            "capacity", "BYTES", "how much music this server takes; 500G is 500 GiB", standard: "what the disk holds"),
        OptionSyntax(
            "repair-rate", "BYTES", "a second that this server sends to replace lost copies; 0: no bound",
            standard: "120M"),
        OptionSyntax(
            "scrub-rate", "BYTES", "a second that this server reads to find damaged copies; 0: never", standard: "8M"),
        OptionSyntax(
            "streams", "N", "songs that this server sends at a time; who wants one more is sent to another",
            standard: "2000"),
        OptionSyntax("public-http", "HOST:PORT", "what listeners are told, where it differs from ADDRESS and --http"),
        OptionSyntax("write-token", "FILE", "uploads, edits and deletes over HTTP must show this file's token"),
        OptionSyntax("log", "text|json", "how log lines are written", standard: "text"),
        OptionSyntax("log-level", "LEVEL", "debug, info, warning or error", standard: "info"),
        .flag("pin", "forbid role changes"),
        OptionSyntax("key", "KEY", "the key itself, instead of --key-file", isOnCommandLine: false),
    ]

    private static let positionalSettings = [
        OptionSyntax("type", "TYPE", "the TYPE where none is given"),
        OptionSyntax("address", "ADDRESS", "the ADDRESS where none is given"),
        OptionSyntax("registry", "REGISTRY", "the REGISTRY where none is given"),
    ]
}
