import Crypto
import HTTP
import Linux
import Model
import Platform
import SQLiteStore
import Testing
import TestTools
import Wire

@testable import Node

/// Whole servers with real sockets, files, databases and parsers, each on a loopback address of its own.
@Loop
final class LiveCluster {
    let network = LinuxNetwork()
    let key: ClusterKey
    /// Every server of a cluster uses the same ports on its own address.
    let ports: (http: UInt16, peer: UInt16, dns: UInt16)
    /// 0: nobody asks or answers by broadcast.
    let discoveryPort: UInt16
    /// Nil: those that are started with this cluster's own registry.
    var registries: [Endpoint]?
    /// How long chunks are kept whatever else is known of them, and how long all must be in place before copies too
    /// many go.
    private var lease = Duration.seconds(600)
    private var surplusRest = Duration.seconds(600)
    private(set) var servers: [LiveServer] = []
    private(set) var registry: RegistryNode?
    private let registryFolder: TemporaryFolder
    private let net: (UInt8, UInt8)

    /// - Parameter other: a cluster with the same ports, and another key unless `key` says otherwise.
    init(discovers: Bool = false, beside other: LiveCluster? = nil, key: ClusterKey = ClusterKey()) throws {
        registryFolder = try TemporaryFolder()
        net = (.random(in: 1...250), .random(in: 1...250))
        self.key = key
        ports = try other?.ports ?? (freePort(network), freePort(network), freePort(network))
        discoveryPort = try other?.discoveryPort ?? (discovers ? freePort(network) : 0)
    }

    var living: [LiveServer] { servers.filter(\.isRunning) }
    var routers: [LiveServer] { living.filter { $0.role == .router } }

    /// A Router that runs: it takes uploads itself.
    func router() throws -> LiveServer { try #require(routers.first, "\(roles)") }

    /// Who thinks what, for a failure's message.
    var roles: String {
        living.map { server in
            let members = (server.status?.members ?? []).map { "\($0.id.short) \($0.role.name) \($0.state)" }
            return "\(server.address) \(server.id?.short ?? ""): \(members)"
        }.joined(separator: "\n")
    }
    private func address(_ number: Int) -> HostAddress { HostAddress(127, net.0, net.1, UInt8(number)) }

    func configuration(_ choice: RoleChoice, home: String) -> ServerConfiguration {
        var configuration = ServerConfiguration(choice: choice, home: home, keys: [key])
        configuration.registries = registries ?? [Endpoint(address(1), ports.dns)]
        configuration.registriesAreGiven = registries?.isEmpty != true
        configuration.httpPort = ports.http
        configuration.peerPort = ports.peer
        configuration.dnsPort = ports.dns
        configuration.discoveryPort = discoveryPort
        configuration.surplusRest = surplusRest
        return configuration
    }

    func startRegistry() async throws {
        let folder = registryFolder.path
        let pool = BlockingPool(name: "registry", threads: 1)
        let home = try Home("\(folder)/\(servers.count)-\(UInt64.random(in: 0 ... .max))")
        let host = Host(
            clock: LinuxClock(), network: network, files: try await LinuxFiles.open(home, pool: pool), work: pool,
            log: .none)
        registry = try await RegistryNode.start(
            configuration(.registry, home: folder), address: address(1), host: host)
    }

    func stopRegistry() async {
        await registry?.leave()
        registry = nil
    }

    /// A registry and so many ring servers, started together, in order once this returns.
    static func start(_ count: Int, lease: Duration? = nil) async throws -> LiveCluster {
        let cluster = try LiveCluster()
        if let lease { (cluster.lease, cluster.surplusRest) = (lease, lease) }
        try await cluster.startRegistry()
        for _ in 0..<count { try await cluster.add() }
        try #require(await cluster.isInOrder(count))
        return cluster
    }

    /// - Parameter original: a server whose identity the new one has too, as a cloned volume has.
    @discardableResult
    func add(
        _ choice: RoleChoice = .auto, capacity: Int64? = nil, cloning original: LiveServer? = nil
    ) async throws -> LiveServer {
        let server = try LiveServer(
            address(servers.count + 2), configuration(choice, home: ""), network, capacity, lease: lease)
        servers.append(server)
        if let original { try await server.takeIdentity(of: original) }
        try await server.start()
        return server
    }

    /// Whether, before long, `count` servers are ready, know each other and have the roles of the target.
    func isInOrder(_ count: Int) async -> Bool {
        let target = RoleCounts.target(count)
        return await becomes(
            {
                self.living.count == count
                    && self.living.allSatisfy { $0.isReady && $0.members.count == count && $0.counts == target }
            }, by: deadline(.seconds(20)))
    }

    /// The same without the roles, which need quiet for a step towards the target.
    func isWhole(_ count: Int) async -> Bool {
        await becomes(
            {
                self.living.count == count
                    && self.living.allSatisfy { $0.isReady && $0.members.count == count }
            }, by: deadline(.seconds(20)))
    }

    /// The servers that hold a chunk, among those that run.
    func copies(of hash: ContentHash) -> Int { living.count { $0.chunks?.length(of: hash) != nil } }

    var allChunks: Set<ContentHash> {
        servers.reduce(into: []) { $0.formUnion($1.chunks?.inventory() ?? []) }
    }

    /// Chunks with fewer than `copies` living copies.
    func short(of copies: Int = 3) -> Int { allChunks.count { self.copies(of: $0) < copies } }

    func stop() async {
        for server in servers { await server.kill() }
        await stopRegistry()
    }
}

@Loop
func freePort(_ network: LinuxNetwork) throws -> UInt16 {
    let listener = try network.listen(on: Endpoint(.loopback, 0)) { $0.close() }
    defer { listener.close() }
    return listener.local.port
}

extension RoleCounts {
    /// The spec, §4.
    fileprivate static func target(_ count: Int) -> RoleCounts {
        let data = count < 2 ? count : max(count >= 3 ? 2 : 1, (count * 2 + 2) / 5)
        return RoleCounts(data: data, router: count - data)
    }
}

/// One server, its home, and what becomes of both over kills and starts.
@Loop
final class LiveServer: HTTPTarget {
    let address: HostAddress
    private let configuration: ServerConfiguration
    let network: LinuxNetwork
    private let folder: TemporaryFolder
    private let home: Home
    private let capacity: Int64?
    private let lease: Duration
    private(set) var server: RingServer?
    private(set) var chunks: FileChunkStore?
    private(set) var metadata: SQLiteStore?
    /// Why the server ended by itself.
    private(set) var failure: StartFailure?

    init(
        _ address: HostAddress, _ configuration: ServerConfiguration, _ network: LinuxNetwork, _ capacity: Int64?,
        lease: Duration
    ) throws {
        self.lease = lease
        self.address = address
        self.configuration = configuration
        self.network = network
        self.capacity = capacity
        folder = try TemporaryFolder()
        home = try Home(folder.path)
    }

    var isRunning: Bool { server != nil }
    var status: ClusterStatus? { server?.view.status }
    var members: [ClusterStatus.Member] { (status?.members ?? []).filter { $0.state == "alive" } }
    var counts: RoleCounts { status?.counts ?? RoleCounts() }
    var isReady: Bool { server?.view.unreadiness.isEmpty ?? false }
    var role: Role? { members.first { $0.id == id }?.role }
    var id: ServerID? { status?.`self` }
    var endpoint: Endpoint { Endpoint(address, configuration.httpPort) }

    func start() async throws {
        let pool = BlockingPool(name: "disk", threads: 2)
        let host = Host(
            clock: LinuxClock(), network: network, files: try await LinuxFiles.open(home, pool: pool), work: pool,
            log: .none)
        server = try await RingServer.start(configuration, address: address, host: host) {
            [self] id throws(StoreError) in
            let chunks = try await FileChunkStore.open(
                home: home.path, capacity: capacity, lease: lease, pool: pool)
            let metadata = try await SQLiteStore.open(
                path: home.catalogue, server: id, writing: BlockingPool(name: "write", threads: 1),
                reading: BlockingPool(name: "read", threads: 1))
            (self.chunks, self.metadata) = (chunks, metadata)
            return (chunks, metadata)
        }
        Loop.spawn("test.run") { [weak self, server] in self?.failure = await server?.run() }
    }

    func takeIdentity(of original: LiveServer) async throws {
        let pool = BlockingPool(name: "disk", threads: 1)
        let state = try await LinuxFiles.open(original.home, pool: pool).loadState(ServerState.fileName)
        try await LinuxFiles.open(home, pool: pool).saveState(ServerState.fileName, try #require(state))
    }

    /// Ends everything at once, without a word to anybody.
    func kill() async {
        server?.finish(nil)
        server = nil
        await metadata?.close()
        (chunks, metadata) = (nil, nil)
    }

    /// SIGTERM. - Returns: how long it took.
    func leave() async -> Duration {
        let clock = LinuxClock()
        let began = clock.now
        await server?.leave()
        #expect(await becomes { self.server?.hasEnded ?? true })
        let time = clock.now - began
        await kill()
        return time
    }
}

// Listeners and uploaders.
extension LiveServer {
    func upload(_ file: [UInt8], title: String, name: String = "song.wav") async throws -> HTTPAnswer {
        let form =
            "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n\(title)\r\n"
            + "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        return try await request(
            "POST", "/api/v1/songs", headers: ["Content-Type": "multipart/form-data; boundary=x"],
            body: Array(form.utf8) + file + Array("\r\n--x--\r\n".utf8))
    }
}

/// 25 s of noise as a WAV file, which differs by its seed: three chunks and a head.
func wave(_ seed: UInt64) -> [UInt8] {
    let (rate, seconds) = (8_000, 25)
    let samples = chunk(seed, length: rate * seconds * 2).bytes
    func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
    let format = little(1, 2) + little(1, 2) + little(rate, 4) + little(rate * 2, 4) + little(2, 2) + little(16, 2)
    let body = Array("WAVEfmt ".utf8) + little(16, 4) + format + Array("data".utf8) + little(samples.count, 4)
    return Array("RIFF".utf8) + little(body.count + samples.count, 4) + body + samples
}
