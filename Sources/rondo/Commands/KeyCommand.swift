import Crypto
import Linux

/// `rondo key`: makes the secret that all servers of a cluster share, and says what other programs need of it.
enum KeyCommand {
    static let new = Command(
        syntax: CommandSyntax(
            "key new", "print a new cluster key, the secret that all servers of a cluster share",
            examples: ["(umask 077; rondo key new > rondo.key)"])
    ) { invocation throws(Faults) in
        try invocation.requireNoFaults()
        Terminal.write(ClusterKey().text + "\n")
    }

    static let tsig = Command(syntax: tsigSyntax) { invocation throws(Faults) in
        try invocation.requireNoFaults()
        do throws(Fault) {
            Terminal.write(try key(invocation).tsigArgument + "\n")
        } catch {
            throw Faults(error)
        }
    }

    static let tsigSyntax = CommandSyntax(
        "key tsig", "print the -y argument for nsupdate and dig that belongs to a key",
        options: [
            OptionSyntax("key-file", "FILE", "the cluster's key, of which the first line counts; - is standard input"),
            OptionSyntax("key", "KEY", "the key itself, instead of --key-file", isOnCommandLine: false),
        ],
        examples: ["nsupdate -y \"$(rondo key tsig --key-file rondo.key)\"", "rondo key new | rondo key tsig"])

    /// The key of the file, else of the environment or the configuration file, else what is piped in.
    private static func key(_ invocation: Invocation) throws(Fault) -> ClusterKey {
        if let file = invocation.settings["key-file"], file.text != "-" {
            let text = try SmallFile.text(file.text, what: "the key file", option: file.origin)
            return try key(in: text, origin: file.text)
        }
        if invocation.settings["key-file"] == nil, let setting = invocation.settings["key"] {
            return try key(in: setting.text, origin: setting.origin)
        }
        guard !Terminal.isTerminal(.input) else {
            throw .usage("which key? Give it with --key-file rondo.key, in RONDO_KEY or on standard input")
        }
        return try key(in: readLine() ?? "", origin: "standard input")
    }

    /// The first key of a text: further lines are keys that servers accept besides.
    static func key(in text: String, origin: String) throws(Fault) -> ClusterKey {
        do throws(ClusterKeyError) {
            return try ClusterKey(text: text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
        } catch {
            throw .failed("\(origin): \(error)")
        }
    }
}
