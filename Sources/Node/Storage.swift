internal import DataServer
internal import Model
internal import Peers
internal import Placement
internal import Platform
internal import Replication
internal import Ring
internal import RouterServer

/// The parts of a server that keep music: chunks of this disk and of others, the catalogue, repair and audit.
@Loop
final class Storage {
    let reader: SongReader
    let uploads: Uploads
    let edits: CatalogueEdits
    let renditions: Renditions
    let loudness: LoudnessMeasuring
    let repair: RepairDriver
    let scrub: Scrub
    let playing: NowPlaying
    let freeing: FreeingDriver
    let audit: Audit
    let catalogue: CatalogueSync
    /// Called when songs have been added, or what is known of their health has changed.
    var changed: @Loop () -> Void = {}
    /// Called after a chunk has been stored on this server's disk.
    var stored: @Loop () -> Void = {}
    /// Whether a later token of the ring is known than this one.
    var isOver: @Loop (TokenMark) -> Bool = { _ in false }
    private let world: World
    private let surplusRest: Duration
    /// Since when the placement is what it is.
    private var placedAt: MonotonicTime

    /// - Throws: `StartFailure` when the catalogue cannot be read.
    init(
        world: World, peers: Peers, ring: ServerRing, configuration server: ServerConfiguration, metrics: Metrics
    ) async throws(StartFailure) {
        self.world = world
        placedAt = world.clock.now
        surplusRest = server.surplusRest
        let replicas = server.replicas
        let client = ChunkClient(peers: peers, ring: ring)
        let chunkReader = ChunkReader(
            chunks: world.chunks, client: client, ring: ring, clock: world.clock, metrics: metrics)
        let writer = ChunkWriter(
            chunks: world.chunks, metadata: world.metadata, client: client, ring: ring, clock: world.clock,
            log: world.log)
        var configuration = Repair.Configuration()
        configuration.replicas = replicas
        repair = RepairDriver(
            own: ring.own, configuration: configuration, rate: server.repairRate, chunks: world.chunks,
            metadata: world.metadata, client: client, clock: world.clock, log: world.log, metrics: metrics)
        scrub = Scrub(
            chunks: world.chunks, files: world.files, clock: world.clock, log: world.log, metrics: metrics,
            rate: server.scrubRate, damaged: { chunkReader.restore($0, length: $1) })
        playing = NowPlaying(clock: world.clock)
        var bounds = Freeing.Configuration()
        bounds.replicas = replicas
        bounds.batch = ChunkMessage.Receipt.maximumHashes
        freeing = FreeingDriver(
            own: ring.own, configuration: bounds, chunks: world.chunks, metadata: world.metadata, client: client,
            clock: world.clock, log: world.log, metrics: metrics)
        do throws(StoreError) {
            catalogue = try await CatalogueSync(
                metadata: world.metadata, peers: peers, ring: ring, clock: world.clock, log: world.log)
        } catch {
            throw StartFailure("the catalogue cannot be read: \(error)")
        }
        let lost = LostSongs()
        reader = SongReader(
            chunks: chunkReader, ring: ring, client: client, held: world.chunks, clock: world.clock,
            httpEndpoint: { ring.httpEndpoint(of: $0) }, unavailable: { lost.contains($0) }, playing: playing)
        uploads = Uploads(
            world: world, writer: writer, client: client, catalogue: catalogue, reader: reader, ring: ring)
        edits = CatalogueEdits(metadata: world.metadata, catalogue: catalogue, ring: ring)
        renditions = Renditions(uploads)
        loudness = LoudnessMeasuring(uploads)
        audit = Audit(
            metadata: world.metadata, chunks: world.chunks, client: client, reader: reader, ring: ring,
            clock: world.clock, log: world.log)
        self.lost = lost
        let service = ChunkService(chunks: world.chunks, metadata: world.metadata, log: world.log, metrics: metrics)
        service.register(with: peers)
        service.isOver = { [weak self] in self?.isOver($0) ?? true }
        freeing.freed = { [weak self] in self?.changed() }
        service.stored = { [weak self] in self?.stored() }
        writer.storedHere = { [weak self] in self?.stored() }
        service.damaged = { chunkReader.restore($0, length: $1) }
        repair.healthChanged = { [weak self] in self?.changed() }
        audit.changed = { [weak self] in self?.changed() }
        audit.renditionLost = { [renditions] entry in
            Loop.spawn("rendition.discard") { await renditions.discard(for: entry) }
        }
        catalogue.changed = { [weak self] in self?.changed() }
    }

    private let lost: LostSongs

    /// Whether a part of a song is held by nobody, by what all servers know together.
    func setLost(_ isLost: @escaping @Loop (SongID) -> Bool) { lost.isLost = isLost }

    func start() {
        catalogue.start()
        audit.start()
        scrub.start()
    }

    func stop() {
        catalogue.stop()
        audit.stop()
        scrub.stop()
        repair.stop()
        freeing.stop()
    }

    /// This server holds the ring's token: it may free what nobody needs.
    ///
    /// Surplus copies go last: where roles or servers have changed lately, more may change, and what is surplus now
    /// may be wanted again in a minute.
    func tokenTaken(_ token: TokenMark, ring: ServerRing) {
        guard ring.isAlone || !ring.others.isEmpty else { return }
        let isSettled = world.clock.now - placedAt >= surplusRest && repair.wasSettled(under: ring.placement)
        freeing.tokenTaken(token, in: ring, isSettled: isSettled)
    }

    func tokenLost() { freeing.tokenLost() }

    /// - Parameter notBefore: when repair may begin.
    func liveSetChanged(_ placement: Placement, notBefore: MonotonicTime) {
        placedAt = world.clock.now
        repair.liveSetChanged(placement, notBefore: notBefore)
        audit.liveSetChanged()
        catalogue.liveSetChanged()
    }

    /// Whether all chunks of this disk are where `placement` wants them, or there is nobody to want them.
    func isHandedOver(to placement: Placement) -> Bool {
        world.chunks.usage.chunks == 0 || placement.isEmpty || repair.isSettled(under: placement)
    }
}

/// Breaks the knot between the reader, which is asked, and the health of the cluster, which is known later.
@Loop
private final class LostSongs {
    var isLost: @Loop (SongID) -> Bool = { _ in false }

    func contains(_ song: SongID) -> Bool { isLost(song) }
}
