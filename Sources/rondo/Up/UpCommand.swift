/// `rondo up`: a whole cluster on this machine.
enum UpCommand {
    static let command = Command(syntax: syntax) { invocation throws(Faults) in
        let settings = try UpSettings.read(invocation)
        let home = try UpHome.open(settings.home)
        try await LoopRun.run { () throws(Faults) in try await UpCluster(settings: settings, home: home).run() }
    }

    static let syntax = CommandSyntax(
        "up", "start a whole cluster on this machine: a registry and several servers",
        options: [
            OptionSyntax("servers", "NUMBER", "servers beside the registry", standard: "5"),
            OptionSyntax("music", "DIR", "load the music below DIR; what is there already is not loaded twice"),
            OptionSyntax("home", "DIR", "where music, key and logs are kept", standard: "~/.local/share/rondo"),
            OptionSyntax("http-port", "PORT", "the port of the web page on every address", standard: "8080"),
            OptionSyntax("base", "ADDRESS", "the registry's address; the servers' follow", standard: "127.0.1.1"),
        ],
        examples: ["rondo up --music ~/Music", "rondo up --servers 3 --home /tmp/try"])
}
