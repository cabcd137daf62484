import Crypto
import Linux

/// `rondo key new`: makes the secret that all servers of a cluster share.
enum KeyCommand {
    static let new = Command(
        syntax: CommandSyntax(
            "key new", "print a new cluster key, the secret that all servers of a cluster share",
            examples: ["(umask 077; rondo key new > rondo.key)"])
    ) { invocation throws(Faults) in
        try invocation.requireNoFaults()
        Terminal.write(ClusterKey().text + "\n")
    }
}
