package import Crypto
package import Model
package import Platform

/// What the operator asks a server to be: the TYPE of `rondo server`.
package enum RoleChoice: String, Hashable, Sendable, CaseIterable {
    /// The role that is short, by the counts in the registry.
    case auto
    /// Starts as Data, and may switch unless pinned.
    case data
    /// A registry: outside the ring, and never anything else.
    case registry
    /// Starts as Router, and may switch unless pinned.
    case router

    /// Reads `0`, `1`, `2`, `3` or the words; anything else is nil.
    package init?(type: String) {
        switch type.lowercased() {
        case "0", "auto": self = .auto
        case "1", "data": self = .data
        case "2", "registry": self = .registry
        case "3", "router": self = .router
        default: return nil
        }
    }

    /// The ring role to start with; nil where the operator leaves it open, and for a registry.
    package var role: Role? {
        switch self {
        case .data: .data
        case .router: .router
        case .auto, .registry: nil
        }
    }
}

/// How log lines are written.
package enum LogFormat: String, Hashable, Sendable, CaseIterable {
    /// For people: time, level, message, `name=value`.
    case text
    /// One JSON object a line, for programs.
    case json
}

/// Everything that an operator decides about one server, checked: what `rondo server` makes of its command line.
package struct ServerConfiguration: Sendable {
    package static let defaultHTTPPort: UInt16 = 8080
    package static let defaultPeerPort: UInt16 = 7700
    package static let defaultDNSPort: UInt16 = 5300
    package static let defaultDiscoveryPort: UInt16 = 2222
    package static let defaultRegistry = Endpoint(HostAddress(172, 20, 0, 2), defaultDNSPort)

    /// What an operator says instead of registries to leave it to discovery.
    package static let noRegistry = "none"

    package var choice: RoleChoice
    /// The address to listen on and to be known by; nil: this host's on the network that reaches the registry.
    package var address: HostAddress?
    /// Where names are kept; for a registry its equals, perhaps itself among them. With none, discovery finds them.
    package var registries: [Endpoint] = [defaultRegistry]
    /// Whether an operator named the registries: then a server waits for one of them, or for another server, and
    /// founds no ring on its own.
    package var registriesAreGiven = false
    /// The folder of everything that outlives the process.
    package var home: String
    /// The first is the one to prove; the others are accepted too while a key is changed.
    package var keys: [ClusterKey]
    package var httpPort: UInt16 = defaultHTTPPort
    package var peerPort: UInt16 = defaultPeerPort
    /// Used by registries only.
    package var dnsPort: UInt16 = defaultDNSPort
    /// 0 turns discovery off.
    package var discoveryPort: UInt16 = defaultDiscoveryPort
    /// Copies of each chunk, 1 to 16.
    package var replicas = 3
    /// How long the placement must have been the same before copies too many are freed.
    package var surplusRest = Duration.seconds(600)
    /// Bytes a second that this server sends to bring chunks to where they belong; 0 is no bound.
    package var repairRate: Int64 = 120 << 20
    /// Bytes a second that this server reads to see whether its chunks are whole; 0 reads none.
    package var scrubRate: Int64 = 8 << 20
    /// Songs that this server sends at a time; who wants one more is sent to a Router that has room.
    package var streams = 2_000
    /// Without dots at its ends, in lower case.
    package var zone = "rondo"
    /// Bytes of chunks that this server takes; nil: what the disk holds.
    package var capacity: Int64?
    /// `HOST:PORT` as listeners reach this server, where it differs from its own address and port.
    package var publicHTTP: String?
    /// What uploads, edits and deletes over HTTP must show; nil: nothing.
    package var writeToken: String?
    package var logFormat = LogFormat.text
    package var logLevel = LogLevel.info
    /// Forbids role changes.
    package var pin = false
    /// What is told of the process that runs this server.
    package var process = Process()

    /// Who a server is to the system that it runs on.
    package struct Process: Sendable {
        package var pid = 0
        package var version = ""

        package init() {}
    }

    package init(choice: RoleChoice, home: String, keys: [ClusterKey]) {
        self.choice = choice
        self.home = home
        self.keys = keys
    }

    /// The registries that the operator named. The names say where DNS is answered; the peer port is taken to be this
    /// server's own until a registry tells another.
    var registryPlaces: [RegistryPlace] {
        registries.map { RegistryPlace(peer: Endpoint($0.host, peerPort), dns: $0) }
    }
}
