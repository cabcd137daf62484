import FoundationEssentials
import Linux
import Node
import Platform

/// `rondo server`: one server, in the foreground, until a signal ends it.
enum ServerCommand {
    /// Set by `rondo up` to its process id: a server of it ends when it does.
    static let parentVariable = "RONDO_PARENT"

    static let command = Command(syntax: syntax) { invocation throws(Faults) in
        let wanted = try ServerSettings.read(invocation)
        guard let keySource = KeySource.of(invocation) else { throw Faults(ServerSettings.missingKey) }
        ProcessMemory.tune()
        ProcessLimits.raiseOpenFiles()
        try dieWithParent()
        let home = try openHome(wanted)
        var configuration = wanted.configuration
        configuration.home = home.path
        try await LoopRun.run { [configuration] () throws(Faults) in
            try await ServerProcess(
                configuration: configuration, keySource: keySource, home: home, publicHTTP: wanted.publicHTTP
            ).run()
        }
    }

    private static func openHome(_ wanted: ServerSettings.Wanted) throws(Faults) -> Home {
        let path = wanted.configuration.home
        do throws(StoreError) {
            return wanted.sharesHome ? try Home.firstFree(in: path) : try Home(path)
        } catch {
            throw Faults(.failed(ServerProcess.sentence(error, wanted.configuration)))
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
        .flag("shared-home", "take the first folder in --home that no other server has, made where there is none"),
        OptionSyntax(
            "key-file", "FILE",
            "the cluster's key, made by `rondo key new`; further lines are keys that are also accepted; SIGHUP reads it "
                + "again", standard: "\(KeySource.secretPath) where there is one"),
        OptionSyntax("http", "PORT", "the port for listeners", standard: "8080"),
        OptionSyntax(
            "http-address", "ADDRESS",
            "where listeners are heard besides ADDRESS; 0.0.0.0: on all networks of this host"
        ),
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
        OptionSyntax(
            "virtual-ip", "ADDRESS/BITS", "an address for listeners that one ready Router holds; needs CAP_NET_ADMIN"),
        OptionSyntax(
            "public-http", "HOST:PORT",
            "what listeners are told, where it differs from ADDRESS and --http; with HOST:FIRST-LAST a container finds "
                + "out on which of these ports its engine publishes it"),
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
