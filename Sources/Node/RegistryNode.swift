package import Crypto
package import Model
internal import Peers
package import Platform
internal import Registry
internal import RegistryServer
internal import Resolver
internal import Wire

/// One registry: DNS for everybody, leases for those who have the key.
@Loop
package final class RegistryNode {
    private let configuration: ServerConfiguration
    private let clock: any Clock
    private let log: Logger
    private let metrics = Metrics()
    private let peers: Peers
    private let post: RegistryPost
    private let server: RegistryServer
    private let end = ServerEnd()
    private var web: RegistryWeb?
    private var discoverer: Discoverer?

    /// - Throws: `StartFailure`, a sentence for the operator.
    package static func start(
        _ configuration: ServerConfiguration, address: HostAddress, host: Host
    ) async throws(StartFailure) -> RegistryNode {
        let state = try await StateFile.open(host.files)
        return try RegistryNode(
            configuration, life: ServerLife(id: state.state.id, incarnation: state.state.incarnation), address: address,
            clock: host.clock, network: host.network, log: host.log)
    }

    private init(
        _ configuration: ServerConfiguration, life: ServerLife, address: HostAddress, clock: any Clock,
        network: any Network, log: Logger
    ) throws(StartFailure) {
        self.configuration = configuration
        self.clock = clock
        self.log = log
        var generator = SystemKeyGenerator()
        let peers = Peers(
            identity: PeerIdentity(
                life: life, nonce: generator.next(), endpoint: Endpoint(address, configuration.peerPort)),
            secrets: configuration.keys.map(PeerSecret.init), clock: clock, network: network, log: log, metrics: metrics
        )
        self.peers = peers
        let identity = RegistryIdentity(
            life: life, address: address, peerPort: configuration.peerPort, dnsPort: configuration.dnsPort,
            httpPort: configuration.httpPort)
        guard let zone = Zone(configuration.zone) else {
            throw StartFailure(
                "\(configuration.zone) cannot be the name of a zone; use labels like rondo or music.example.org")
        }
        let post = RegistryPost(peers: peers, clock: clock)
        self.post = post
        do throws(StreamError) {
            server = try RegistryServer(
                identity: identity, zone: zone, registries: configuration.registryPlaces.map(\.peer),
                keys: configuration.keys, clock: clock, network: network, log: log, metrics: metrics,
                seed: generator.next(), sending: post.send, check: Self.check(peers))
        } catch {
            throw StartFailure("DNS port \(Endpoint(address, configuration.dnsPort)) cannot be opened: \(error.reason)")
        }
        do throws(StreamError) {
            try peers.start()
        } catch {
            throw StartFailure(
                "peer port \(Endpoint(address, configuration.peerPort)) cannot be opened: \(error.reason)")
        }
        register()
        web = try RegistryWeb(
            endpoints: configuration.httpEndpoints(address), registry: server, network: network, clock: clock,
            metrics: metrics, log: log)
        discoverer = configuration.discoverer(of: server, at: address, clock, network, log, metrics)
        log.info("started", ["id": life, "address": address, "dns": configuration.dnsPort])
    }

    /// Asks a server itself whether it lives: an answer of its process, never just an open port.
    private static func check(_ peers: Peers) -> LivenessCheck {
        { _, endpoint, deadline in
            guard let peer = try? await peers.ping(endpoint, deadline: deadline) else { return .failed }
            return .answered(peer.life)
        }
    }

    private func register() {
        let server = server
        peers.lastLinkClosed = { server.linkClosed($0.life) }
        peers.handle(.registry) { request in
            guard let message = try? WireJSON.decode(RegistryMessage.self, from: request.body),
                message.sender.life.id == request.from.life.id
            else { return .failure(PeerRefusal(code: "bad_request", message: "not a message of that registry")) }
            server.received(message)
            return .success(PeerReply())
        }
        peers.handle(.leaseRequest) { request in
            Self.answer(LeaseRequest.self, request) {
                WireJSON.encode(server.lease($0, from: request.from.endpoint.host))
            }
        }
        peers.handle(.leaseRelease) { request in
            Self.answer(LeaseRelease.self, request) {
                server.release($0); return Array("{}".utf8)
            }
        }
        peers.handle(.deathReport) { request in
            Self.answer(DeathReport.self, request) {
                server.report($0); return Array("{}".utf8)
            }
        }
    }

    private static func answer<Message: Decodable>(
        _ type: Message.Type, _ request: PeerRequest, _ body: (Message) -> [UInt8]
    ) -> Result<PeerReply, PeerRefusal> {
        do throws(WireJSONError) {
            return .success(PeerReply(header: body(try WireJSON.decode(type, from: request.header))))
        } catch {
            return .failure(PeerRefusal(code: "bad_request", message: error.reason))
        }
    }

    /// Takes other keys of the cluster, the first to prove, all to accept, without a pause.
    package func use(_ keys: [ClusterKey]) {
        peers.use(keys.map(PeerSecret.init))
        server.use(keys)
        discoverer?.use(keys)
    }

    /// Waits until the registry has been stopped.
    package func run() async -> StartFailure? { await end.wait() }

    package func leave() async {
        await web?.drain(until: clock.now + .seconds(1))
        discoverer?.stop()
        server.sayFarewell()
        await post.settled()
        server.stop()
        peers.stop()
        end.come(nil)
    }
}
