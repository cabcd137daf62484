package import Model
package import Platform
package import Wire

/// All links of one process with the other servers of its cluster: dials, accepts, keeps, and carries requests both
/// ways.
///
/// A link exists only between two ends that proved the cluster key (TLS 1.3 with the key as PSK) and said who they are.
/// A control request uses whatever link is open with the life it is meant for, whoever dialled it; bulk requests go
/// over links that this end dialled, so that a side whose hands are full of the other's requests still reads its own
/// answers.
@Loop
package final class Peers {
    package typealias Handler = @Loop @Sendable (PeerRequest) async -> Result<PeerReply, PeerRefusal>

    package private(set) var identity: PeerIdentity
    /// Called when the last control link with a server has closed.
    package var lastLinkClosed: @Loop (PeerIdentity) -> Void = { _ in }

    private let clock: any Clock
    private let network: any Network
    private let log: Logger
    private let metrics: Metrics
    private var secrets: [PeerSecret]
    private var handlers: [FrameKind: Handler] = [:]
    private var listener: (any StreamListener)?
    private var links: [LinkKey: [PeerLink]] = [:]
    private var dials: [DialKey: Dialling] = [:]
    private var handshakes = 0
    private var nextStrangerWarning = MonotonicTime.zero
    private var isStopped = false

    private struct LinkKey: Hashable {
        let endpoint: Endpoint
        let linkClass: LinkClass
    }

    private struct DialKey: Hashable {
        let address: PeerAddress
        let linkClass: LinkClass
    }

    /// How long a handshake may take, on either side.
    private static let handshakeDeadline = Duration.seconds(2)
    private static let strangerWarningInterval = Duration.seconds(1)
    /// Strangers in their handshake at a time; more are closed unheard.
    private static let maximumHandshakes = 256

    package init(
        identity: PeerIdentity, secrets: [PeerSecret], clock: any Clock, network: any Network, log: Logger,
        metrics: Metrics
    ) {
        self.identity = identity
        self.secrets = secrets
        self.clock = clock
        self.network = network
        self.log = log
        self.metrics = metrics
        handle(.ping) { [weak self] _ in
            guard let self else { return .failure(PeerRefusal(code: "stopping", message: "this server is stopping")) }
            return .success(PeerReply(header: WireJSON.encode(self.identity)))
        }
    }

    /// - Throws: `StreamError` when the peer port cannot be opened.
    package func start() throws(StreamError) {
        let listener = try network.listen(on: identity.endpoint) { [weak self] stream in
            guard let self else { return stream.close() }
            self.accept(stream)
        }
        self.listener = listener
        identity.endpoint = listener.local
    }

    /// Takes the incarnation that has just been stored; links that are open keep the one they were opened with.
    package func useIncarnation(_ incarnation: Incarnation) {
        identity.life = ServerLife(id: identity.life.id, incarnation: incarnation)
    }

    /// Takes other keys, the first to prove, all to accept. Links that may rest on a key that is gone are made anew.
    package func use(_ secrets: [PeerSecret]) {
        self.secrets = secrets
        for link in links.values.flatMap({ $0 }) where !rests(link) { link.retire() }
    }

    private func rests(_ link: PeerLink) -> Bool { link.keys.isSubset(of: secrets.map(\.identity)) }

    package func handle(_ kind: FrameKind, _ handler: @escaping Handler) { handlers[kind] = handler }

    package func stop() {
        isStopped = true
        listener?.close()
        for link in links.values.flatMap({ $0 }) { link.close() }
    }

    /// Closes the links with a server that is dead, so that whoever waits for it turns elsewhere.
    package func drop(_ id: ServerID, through incarnation: Incarnation) {
        let doomed = links.values.flatMap { $0 }.filter {
            $0.peer.life.id == id && $0.peer.life.incarnation <= incarnation
        }
        for link in doomed { link.close() }
    }

    package func hasLink(to address: PeerAddress, _ linkClass: LinkClass = .control) -> Bool {
        openLink(to: address, linkClass) != nil
    }

    /// Asks and waits for the answer, over an open link or a new one.
    /// - Throws: `PeerError`, by `deadline` at the latest.
    package func request(
        _ kind: FrameKind, to address: PeerAddress, over linkClass: LinkClass = .control,
        header: [UInt8] = Array("{}".utf8),
        body: [UInt8] = [], deadline: MonotonicTime
    ) async throws(PeerError) -> PeerReply {
        let link = try await link(to: address, linkClass, deadline: deadline)
        return try await link.request(kind, header: header, body: body, deadline: deadline).get()
    }

    /// Asks the process there, not just its kernel, which life it lives.
    /// - Throws: `PeerError`.
    package func ping(_ endpoint: Endpoint, deadline: MonotonicTime) async throws(PeerError) -> PeerIdentity {
        let reply = try await request(.ping, to: PeerAddress(endpoint: endpoint, life: nil), deadline: deadline)
        do throws(WireJSONError) {
            return try WireJSON.decode(PeerIdentity.self, from: reply.header)
        } catch {
            throw .garbled(error.reason)
        }
    }

    /// Another process with this one's id, if one answers there.
    package func twin(at endpoint: Endpoint, deadline: MonotonicTime) async -> PeerIdentity? {
        do throws(PeerError) {
            _ = try await dial(PeerAddress(endpoint: endpoint, life: nil), .control, deadline: deadline).get()
            return nil
        } catch {
            guard case .answeredBy(let other) = error, other.life.id == identity.life.id,
                other.nonce != identity.nonce
            else { return nil }
            return other
        }
    }

    /// Makes sure that a control link is open.
    /// - Returns: who answers there.
    /// - Throws: `PeerError`: `unreachable`, `answeredBy`, `timedOut`.
    @discardableResult
    package func connect(to address: PeerAddress, deadline: MonotonicTime) async throws(PeerError) -> PeerIdentity {
        try await link(to: address, .control, deadline: deadline).peer
    }

    /// Dials anew even where a link is open: for the question whether a server whose connection closed is still there.
    package func redial(_ address: PeerAddress, deadline: MonotonicTime) async throws(PeerError) -> PeerIdentity {
        try await dial(address, .control, deadline: deadline).get().peer
    }
}

extension Peers {
    private func openLink(to address: PeerAddress, _ linkClass: LinkClass) -> PeerLink? {
        links[LinkKey(endpoint: address.endpoint, linkClass: linkClass)]?.first {
            $0.isOpen && !$0.isRetiring && (linkClass == .control || $0.isDialled)
                && (address.life == nil || $0.peer.life.id == address.life?.id)
        }
    }

    private func link(to address: PeerAddress, _ linkClass: LinkClass, deadline: MonotonicTime)
        async throws(PeerError) -> PeerLink
    {
        if let open = openLink(to: address, linkClass) { return open }
        let key = DialKey(address: address, linkClass: linkClass)
        if let running = dials[key] { return try await running.outcome(by: deadline, clock).get() }
        let dialling = Dialling()
        dials[key] = dialling
        // The dial has its own time: others who want the same link may have more patience than the first.
        let limit = clock.now + Self.handshakeDeadline
        Loop.spawn("peer.dial") { [self] in
            let result = await dial(address, linkClass, deadline: limit)
            dials[key] = nil
            dialling.finish(result)
        }
        return try await dialling.outcome(by: deadline, clock).get()
    }

    private func dial(_ address: PeerAddress, _ linkClass: LinkClass, deadline: MonotonicTime)
        async -> Result<PeerLink, PeerError>
    {
        guard !isStopped else { return .failure(.closed) }
        let secrets = secrets
        do throws(StreamError) {
            let plain = try await network.connect(
                to: address.endpoint, from: identity.endpoint.host, deadline: deadline)
            let stream = try await network.secure(plain, as: .client, secrets: secrets, deadline: deadline)
            return await introduce(over: stream, to: address, linkClass, secrets.prefix(1), deadline: deadline)
        } catch {
            metrics.count("rondo_peer_dial_failures_total", "Peer connections that could not be made.")
            return .failure(.unreachable(PeerError.StreamFailure(error)))
        }
    }

    private func introduce(
        over stream: any ByteStream, to address: PeerAddress, _ linkClass: LinkClass, _ keys: ArraySlice<PeerSecret>,
        deadline: MonotonicTime
    ) async -> Result<PeerLink, PeerError> {
        let hello = Hello(identity: identity, link: linkClass, meant: address.life)
        do throws(PeerError) {
            let (answer, parser) = try await Handshake(stream: stream, deadline: deadline).begin(hello)
            guard hello.means(answer.identity.life), answer.identity.life.id != identity.life.id else {
                throw .answeredBy(answer.identity)
            }
            guard !isStopped else { throw .closed }
            return .success(
                open(stream, parser, peer: answer.identity, at: address.endpoint, linkClass, keys, isDialled: true))
        } catch {
            stream.close()
            return .failure(error)
        }
    }

    private func accept(_ plain: any ByteStream) {
        guard handshakes < Self.maximumHandshakes, !isStopped else { return plain.close() }
        handshakes += 1
        Loop.spawn("peer.accept") { [self] in
            defer { handshakes -= 1 }
            let deadline = clock.now + Self.handshakeDeadline
            let secrets = secrets
            do {
                let stream = try await network.secure(plain, as: .server, secrets: secrets, deadline: deadline)
                await welcome(stream, secrets[...], deadline: deadline)
            } catch {
                metrics.count("rondo_peer_strangers_total", "Peer connections that did not prove the cluster's key.")
                warnOfStranger(at: plain.remote, error)
                plain.close()
            }
        }
    }

    /// A line now and then; the metric has the number. Strangers must not be able to fill the disk with the log.
    private func warnOfStranger(at remote: Endpoint, _ error: any Error) {
        guard clock.now >= nextStrangerWarning else { return }
        nextStrangerWarning = clock.now + Self.strangerWarningInterval
        // One that was cut off or too slow proved nothing, and may have had the key.
        let isRefused = if case .untrusted = error as? StreamError { true } else { false }
        let what =
            isRefused
            ? "refused a connection without the cluster's key"
            : "a connection ended before it proved the cluster's key"
        log.warning(what, ["from": remote, "reason": "\(error)"])
    }

    private func welcome(
        _ stream: any ByteStream, _ keys: ArraySlice<PeerSecret>, deadline: MonotonicTime
    ) async {
        do {
            let handshake = Handshake(stream: stream, deadline: deadline)
            let (hello, parser) = try await handshake.answer { self.identity }
            // Who meant another server has learnt it from our answer and will hang up; there is nothing to keep.
            guard hello.means(identity.life), hello.identity.life.id != identity.life.id, !isStopped else {
                return stream.close()
            }
            _ = open(
                stream, parser, peer: hello.identity, at: hello.identity.endpoint, hello.link, keys, isDialled: false)
        } catch {
            metrics.count("rondo_peer_bad_hellos_total", "Peer connections that did not introduce themselves.")
            stream.close()
        }
    }

    private func open(
        _ stream: any ByteStream, _ parser: FrameParser, peer: PeerIdentity, at endpoint: Endpoint,
        _ linkClass: LinkClass, _ keys: ArraySlice<PeerSecret>, isDialled: Bool
    ) -> PeerLink {
        let key = LinkKey(endpoint: endpoint, linkClass: linkClass)
        let link = PeerLink(
            stream: stream, parser: parser, peer: peer, linkClass: linkClass, isDialled: isDialled,
            keys: Set(keys.map(\.identity)), clock: clock,
            serve: { [weak self] kind, request in
                await self?.serve(kind, request)
                    ?? .failure(PeerRefusal(code: "stopping", message: "this server is stopping"))
            },
            closed: { [weak self] link in self?.forget(link, key) })
        links[key, default: []].append(link)
        Loop.spawn("peer.read") { await link.run() }
        closeLinks(ofProcessesBefore: peer)
        // The keys may have changed during the handshake.
        if !rests(link) { link.retire() }
        return link
    }

    /// A server that was cut off and started again never closed the connections of its last run: they are half-open.
    private func closeLinks(ofProcessesBefore peer: PeerIdentity) {
        let stale = links.values.flatMap { $0 }.filter {
            $0.peer.life.id == peer.life.id && $0.peer.nonce != peer.nonce
                && $0.peer.life.incarnation < peer.life.incarnation
        }
        for link in stale { link.close() }
    }

    private func hasControlLink(withProcess peer: PeerIdentity) -> Bool {
        links.contains { key, links in
            key.linkClass == .control
                && links.contains { $0.isOpen && $0.peer.life.id == peer.life.id && $0.peer.nonce == peer.nonce }
        }
    }

    private func forget(_ link: PeerLink, _ key: LinkKey) {
        links[key]?.removeAll { $0 === link }
        if links[key]?.isEmpty == true { links[key] = nil }
        if link.wasGarbled {
            metrics.count("rondo_peer_garbage_total", "Peer connections closed because no frames came over them.")
        }
        if link.linkClass == .control, !isStopped, !hasControlLink(withProcess: link.peer) { lastLinkClosed(link.peer) }
    }

    private func serve(_ kind: FrameKind, _ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        guard let handler = handlers[kind] else {
            return .failure(
                PeerRefusal(
                    code: "unknown_kind", message: "this server does not know requests of kind \(kind.rawValue)"))
        }
        return await handler(request)
    }
}
