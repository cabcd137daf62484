internal import Catalogue
package import Crypto
internal import DataServer
internal import HTTP
package import Model
internal import Peers
internal import Placement
package import Platform
internal import Registry
internal import Replication
internal import Resolver
internal import Ring
internal import RouterServer
internal import WebServer
internal import Wire

/// Opens the chunks and the catalogue of the server with this id.
package typealias StoreOpener =
    @Loop @Sendable (ServerID) async throws(StoreError) -> (chunks: any ChunkStore, metadata: any MetadataStore)

/// One Data or Router server: the machines and the world put together.
///
/// Every ring server has all the parts, whatever its role: the role says which duties it has in the placement and for
/// listeners, so that switching moves no byte and restarts nothing.
@Loop
package final class RingServer {
    let configuration: ServerConfiguration
    let world: World
    let metrics = Metrics()
    let state: StateFile
    let peers: Peers
    let ring: ServerRing
    let storage: Storage
    private let health: Health
    let view: ServerView
    private let holder: RingHolder
    private(set) var shell: RingShell? {
        get { holder.shell }
        set { holder.shell = newValue }
    }
    private(set) var web: ServerWeb?
    private(set) var registry: RegistryLink?
    /// Nil where the operator turned discovery off.
    private(set) var discoverer: Discoverer?
    let firstAnswer: FirstAnswer
    /// The first is proven, all are accepted.
    private(set) var keys: [ClusterKey]
    private(set) var isLeaving = false
    private(set) var hasEnded = false
    /// Whether the disk is about to follow the roster.
    var isFollowing = false
    static let followDelay = Duration.milliseconds(100)
    /// Whether more or fewer songs are playing than was told.
    var isLoadStale = false
    static let loadDelay = Duration.seconds(1)
    private var isCounting = false
    private var hasNewSongs = false
    private let end: ServerEnd

    private static let leaveLimit = Duration.seconds(25)

    /// Reads what the server remembers, opens its ports and joins the ring; returns when it runs, not yet when it is
    /// ready.
    /// - Throws: `StartFailure`, a sentence for the operator.
    package static func start(
        _ configuration: ServerConfiguration, address: HostAddress, host: Host, openStores: StoreOpener
    ) async throws(StartFailure) -> RingServer {
        let state = try await StateFile.open(host.files)
        let world: World
        do throws(StoreError) {
            let (chunks, metadata) = try await openStores(state.state.id)
            world = World(host: host, chunks: chunks, metadata: metadata)
        } catch {
            throw StartFailure("the home \(configuration.home) cannot be used: \(error)")
        }
        let server = try await RingServer(configuration, address: address, world: world, state: state)
        try await server.open(address: address)
        return server
    }

    private init(_ configuration: ServerConfiguration, address: HostAddress, world: World, state: StateFile)
        async throws(StartFailure)
    {
        self.configuration = configuration
        keys = configuration.keys
        self.world = world
        self.state = state
        var generator = SystemKeyGenerator()
        let identity = PeerIdentity(
            life: ServerLife(id: state.state.id, incarnation: state.state.incarnation), nonce: generator.next(),
            endpoint: Endpoint(address, configuration.peerPort))
        peers = Peers(
            identity: identity, secrets: configuration.keys.map(PeerSecret.init), clock: world.clock,
            network: world.network, log: world.log, metrics: metrics)
        ring = ServerRing(own: identity.life.id, replicas: configuration.replicas)
        storage = try await Storage(
            world: world, peers: peers, ring: ring, configuration: configuration, metrics: metrics)
        let audit = storage.audit
        let repair = storage.repair
        let (playing, limit) = (storage.playing, configuration.streams)
        health = Health(
            peers: peers, ring: ring, clock: world.clock,
            own: {
                Health.Summary(
                    under: repair.under, lost: Array(audit.lost.sorted().prefix(Health.Summary.maximumLost)),
                    lostCount: audit.lost.count, moving: repair.left.copies, secondsLeft: repair.left.seconds,
                    isFull: playing.streams >= limit)
            }, playing: { playing.recordings }, isLostHere: { audit.lost.contains($0) })
        let (ringOf, storage, health, ring) = (RingHolder(), storage, health, ring)
        holder = ringOf
        view = ServerView(
            own: ring.own, process: configuration.process, clock: world.clock, metrics: metrics
        ) {
            ServerView.Sources(
                ring: ringOf.shell?.ring, own: ring.own,
                replication: .init(
                    target: ring.replicas, under: health.under, lost: health.lost,
                    moving: health.moving > 0 ? health.moving : nil,
                    secondsLeft: health.moving > 0 ? health.secondsLeft : nil),
                bytes: world.chunks.usage.bytes, isCaughtUp: storage.catalogue.isCaughtUp,
                load: ClusterStatus.Load(
                    streams: playing.streams, chunks: world.chunks.usage.chunks,
                    capacity: configuration.capacity))
        }
        storage.isOver = { token in ringOf.shell.map { $0.ring.token > token } ?? true }
        storage.setLost { health.isLost($0) }
        repair.playing = { await health.whatPlays() }
        view.isFull = { $0.map { health.isFull($0) } ?? (playing.streams >= limit) }
        firstAnswer = FirstAnswer(clock: world.clock)
        end = ServerEnd()
    }

    private func open(address: HostAddress) async throws(StartFailure) {
        let log = world.log
        do throws(StreamError) {
            try peers.start()
        } catch {
            throw StartFailure(
                "peer port \(Endpoint(address, configuration.peerPort)) cannot be opened: \(error.reason)")
        }
        web = try ServerWeb(
            endpoint: Endpoint(address, configuration.httpPort), configuration: configuration, world: world, view: view,
            storage: storage, metrics: metrics)
        storage.changed = { [weak self] in self?.musicChanged() }
        // Then it is ready, and the registries are to list it.
        storage.catalogue.becameCaughtUp = { [weak self] in self?.registry?.renew() }
        health.changed = { [weak self] in self?.view.changed() }
        storage.repair.copiesChanged = { [view] in view.events.noteCopies($0) }
        let registry = makeRegistryLink()
        self.registry = registry
        registry.start()
        discoverer = makeDiscoverer()
        log.info("started", ["id": peers.identity.life, "address": address, "home": configuration.home])
        Loop.spawn("server.join") { [self] in await join() }
    }

    /// Counts the songs again; once more afterwards for all changes that come meanwhile.
    private func musicChanged() {
        hasNewSongs = true
        guard !isCounting else { return }
        isCounting = true
        Loop.spawn("songs.count") { [self] in
            while hasNewSongs {
                hasNewSongs = false
                view.songs = (try? await world.metadata.songCount()) ?? view.songs
                view.changed()
            }
            isCounting = false
        }
    }

    /// Takes other keys of the cluster, the first to prove, all to accept, without a pause: at least one in common with
    /// what the others have.
    package func use(_ keys: [ClusterKey]) {
        self.keys = keys
        peers.use(keys.map(PeerSecret.init))
        shell?.use(keys)
        discoverer?.use(keys)
    }

    /// Waits for the end of the server: a graceful leave, or a second process with its id.
    package func run() async -> StartFailure? { await end.wait() }
}

// Joining.
extension RingServer {
    /// Waits for the first lease, or for servers that discovery finds, or, where the ring is remembered, a second; then
    /// enters the ring.
    private func join() async {
        let contacts = await rememberedContacts()
        let limit = contacts.isEmpty ? foundingLimit : world.clock.now + .seconds(1)
        let answer = await firstAnswer.wait(until: limit)
        guard !isLeaving, !hasEnded else { return }
        let role = answer?.role ?? state.state.role ?? configuration.choice.role ?? .data
        var generator = SystemKeyGenerator()
        let isRemembered = state.state.role != nil
        let hasChunks = world.chunks.usage.chunks > 0
        let entry = RosterEntry(
            id: peers.identity.life.id, incarnation: peers.identity.life.incarnation, startNonce: peers.identity.nonce,
            role: role, host: peers.identity.endpoint.host, peerPort: peers.identity.endpoint.port,
            httpPort: web?.port ?? configuration.httpPort, publicHttp: configuration.publicHTTP,
            capacity: configuration.capacity ?? 0, pinned: configuration.pin,
            provisional: !isRemembered && !hasChunks && configuration.choice.role == nil && !configuration.pin)
        let machine = Ring(
            identity: Ring.Identity(entry: entry, roleIsRemembered: isRemembered), seed: generator.next())
        guard
            let sealer = DatagramSealer(
                keys: keys.map(\.datagramKey), startNonce: SystemRandom.bytes(16))
        else { return finish(StartFailure("the cluster key gives no datagram key")) }
        let shell = RingShell(
            ring: machine, peers: peers, sealer: sealer, clock: world.clock, log: world.log, metrics: metrics,
            events: view.events)
        shell.owner = self
        self.shell = shell
        await adopt(role)
        guard !hasEnded else { return }
        let known = (answer?.contacts ?? []).map(\.contact) + firstAnswer.found + contacts
        do throws(StreamError) {
            try shell.start(contacts: known, network: world.network)
        } catch {
            return finish(StartFailure("UDP port \(peers.identity.endpoint) cannot be opened: \(error.reason)"))
        }
        if hasChunks { shell.handle(.chunkStored) }
        storage.stored = { [weak shell] in shell?.handle(.chunkStored) }
        storage.playing.changed = { [weak self] in self?.loadChanged() }
        storage.start()
        health.start()
        musicChanged()
        rosterChanged()
    }

    private func rememberedContacts() async -> [Ring.Contact] {
        guard let bytes = try? await world.files.loadState(RememberedContacts.fileName),
            let remembered = try? WireJSON.decode(RememberedContacts.self, from: bytes)
        else { return [] }
        return remembered.endpoints.map { Ring.Contact(endpoint: $0, life: nil) }
    }

}

// Leaving.
extension RingServer {
    /// SIGTERM: announces that the server goes, hands over what the others lack, drains the streams; `run` then
    /// returns.
    package func leave() async {
        guard !isLeaving else { return }
        isLeaving = true
        view.isLeaving = true
        let limit = world.clock.now + Self.leaveLimit
        world.log.info("leaves")
        firstAnswer.giveUp()
        shell?.handle(.leaveRequested)
        registry?.renew()
        await handOver(until: limit)
        await web?.drain(until: limit)
        registry?.stop()
        await registry?.release(peers.identity.life)
        if let shell, shell.ring.hasJoined { shell.handle(.leaveCompleted) } else { finish(nil) }
    }

    /// Waits until the repair has found nothing missing among those who stay, or nobody stays.
    private func handOver(until limit: MonotonicTime) async {
        while world.clock.now < limit, !storage.isHandedOver(to: ring.placement) {
            await world.clock.sleep(for: .milliseconds(50))
        }
    }

    /// Ends the server at once. What was acknowledged is on the disk already.
    func finish(_ failure: StartFailure?) {
        guard !hasEnded else { return }
        hasEnded = true
        registry?.stop()
        discoverer?.stop()
        storage.stop()
        health.stop()
        shell?.stop()
        web?.stop()
        peers.stop()
        end.come(failure)
    }
}

/// The shell once there is one: made before what asks for it.
@Loop
private final class RingHolder {
    var shell: RingShell?
}
