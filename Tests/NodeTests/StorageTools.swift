import Crypto
import DataServer
import FoundationEssentials
import Linux
import Model
import Peers
import Placement
import Platform
import SQLiteStore
import TestTools
import Wire

/// What tests store chunks for.
let recording = SHA256.hash(Array("a recording".utf8))

/// The whole of a chunk as a part that is verified block by block.
func part(_ chunk: (hash: ContentHash, bytes: [UInt8])) -> ChunkReader.Part {
    let checksums = stride(from: 0, to: chunk.bytes.count, by: Manifest.blockLength).map { start in
        CRC32C.checksum(chunk.bytes[start..<min(start + Manifest.blockLength, chunk.bytes.count)])
    }
    return ChunkReader.Part(hash: chunk.hash, offset: 0, length: chunk.bytes.count, checksums: checksums[...])
}

/// A roster that the test writes.
@Loop
final class TestRing: StorageRing {
    let own: ServerID
    var replicas = 3
    var placement = Placement([])
    var earlierPlacements: [Placement] = []
    var others: [ServerID] = []
    var isAlone = false
    var isWhole = true
    var addresses: [ServerID: PeerAddress] = [:]

    init(own: ServerID) { self.own = own }
    func address(of server: ServerID) -> PeerAddress? { addresses[server] }
}

/// The storage of one server, with real sockets, files and database, under a roster that the test writes.
@Loop
final class StorageNode {
    let id: ServerID
    let folder: TemporaryFolder
    let peers: Peers
    let metrics = Metrics()
    let chunks: FileChunkStore
    let metadata: SQLiteStore
    let ring: TestRing
    let client: ChunkClient
    let reader: ChunkReader
    let writer: ChunkWriter
    let catalogue: CatalogueSync
    let clock = LinuxClock()
    private let service: ChunkService
    private var stuck: [CheckedContinuation<Void, Never>] = []

    init(capacity: Int64? = nil) async throws {
        var generator = SystemRandomNumberGenerator()
        id = .random(using: &generator)
        folder = try TemporaryFolder()
        peers = Peers(
            identity: PeerIdentity(
                life: ServerLife(id: id, incarnation: Incarnation(1)), nonce: generator.next(),
                endpoint: Endpoint(.loopback, 0)),
            secrets: [PeerSecret(identity: "rondo/1", key: Array(repeating: 1, count: 32))], clock: clock,
            network: LinuxNetwork(), log: .none, metrics: metrics)
        chunks = try await FileChunkStore.open(
            home: folder.path, capacity: capacity, pool: BlockingPool(name: "disk", threads: 2))
        metadata = try await SQLiteStore.open(
            path: "\(folder.path)/catalogue.db", server: id, writing: BlockingPool(name: "write", threads: 1),
            reading: BlockingPool(name: "read", threads: 1))
        ring = TestRing(own: id)
        client = ChunkClient(peers: peers, ring: ring)
        reader = ChunkReader(chunks: chunks, client: client, ring: ring, clock: clock, metrics: metrics)
        writer = ChunkWriter(chunks: chunks, metadata: metadata, client: client, ring: ring, clock: clock, log: .none)
        catalogue = try await CatalogueSync(
            metadata: metadata, peers: peers, ring: ring, clock: clock, log: .none, interval: .milliseconds(100))
        service = ChunkService(chunks: chunks, metadata: metadata, log: .none, metrics: metrics)
        service.register(with: peers)
        service.damaged = { [reader] in reader.restore($0, length: $1) }
        try peers.start()
    }

    /// From now on requests of this kind get no answer, as from a process that is stopped.
    func hang(_ kinds: FrameKind...) {
        for kind in kinds {
            peers.handle(kind) { [weak self] _ in
                await withCheckedContinuation { continuation in self?.stuck.append(continuation) }
                return .success(PeerReply())
            }
        }
    }

    /// From now on requests of this kind are answered late.
    func delay(_ kind: FrameKind, by time: Duration) {
        peers.handle(kind) { _ in
            let clock = LinuxClock()
            await clock.sleep(until: clock.now + time)
            return .success(PeerReply())
        }
    }

    /// Changes one byte of a chunk's file behind the store's back.
    func damage(_ hash: ContentHash) throws {
        try rewrite(hash) { bytes in bytes[bytes.startIndex + 70_000] ^= 1 }
    }

    /// Leaves only the first block of a chunk's file and a little more.
    func cutShort(_ hash: ContentHash) throws {
        try rewrite(hash) { bytes in bytes = bytes.prefix(70_000) }
    }

    private func rewrite(_ hash: ContentHash, _ change: (inout Data) -> Void) throws {
        let text = hash.description
        let url = URL(filePath: "\(folder.path)/chunks/\(text.prefix(2))/\(text.dropFirst(2).prefix(2))/\(text)")
        var bytes = try Data(contentsOf: url)
        change(&bytes)
        try bytes.write(to: url)
    }

    func hasQuarantined(_ hash: ContentHash) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/quarantine")
            .contains { $0.hasPrefix(hash.description) }
    }

    func stop() {
        catalogue.stop()
        peers.stop()
        for one in stuck { one.resume() }
        stuck = []
    }
}

/// A few storages that know each other.
@Loop
struct StorageCluster {
    let nodes: [StorageNode]

    /// - Parameter data: how many of them are Data servers; the others are Routers.
    init(_ nodes: [StorageNode], data: Int) {
        self.nodes = nodes
        let placement = Placement(
            nodes.enumerated().map { Placement.Candidate(id: $1.id, role: $0 < data ? .data : .router) })
        for node in nodes {
            node.ring.placement = placement
            node.ring.others = nodes.map(\.id).filter { $0 != node.id }.sorted()
            for other in nodes {
                node.ring.addresses[other.id] = PeerAddress(
                    endpoint: other.peers.identity.endpoint, life: other.peers.identity.life)
            }
        }
    }

    static func start(_ count: Int, data: Int) async throws -> StorageCluster {
        var nodes: [StorageNode] = []
        for _ in 0..<count { nodes.append(try await StorageNode()) }
        return StorageCluster(nodes, data: data)
    }

    /// The nodes in the order in which they should hold the chunk.
    func order(of hash: ContentHash) -> [StorageNode] {
        (nodes.first?.ring.placement.order(of: hash) ?? []).compactMap { id in nodes.first { $0.id == id } }
    }

    func holders(of hash: ContentHash) -> Int { nodes.count { $0.chunks.length(of: hash) != nil } }

    func stop() { for node in nodes { node.stop() } }
}
