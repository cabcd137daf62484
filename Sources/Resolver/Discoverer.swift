package import Crypto
package import Discovery
package import Model
package import Platform

/// Carries out `Discovery`: hears questions on the discovery port, asks from a port of its own, and answers to the
/// asker's address and port.
@Loop
package final class Discoverer {
    /// What is told to those who ask.
    package var knowledge: @Loop () -> Discovery.Knowledge = { .init(servers: [], registries: [], digest: 0) }
    package var found: @Loop (DiscoveryAnswer) -> Void = { _ in }

    private let host: HostAddress
    private let port: UInt16
    private let clock: any Clock
    private let network: any Network
    private let log: Logger
    private let metrics: Metrics
    private var discovery: Discovery
    private var seal: DiscoverySeal
    private var listener: (any DatagramSocket)?
    private var asker: (any DatagramSocket)?
    private var timer: (any TimerHandle)?
    private var window = MonotonicTime.zero
    private var packetsInWindow = 0
    private var isStopped = false

    /// Packets that are tried with the keys in a second; a flood of others costs no more than these.
    private static let packetsPerSecond = 1_000

    /// - Parameters:
    ///   - host: this process's address; `.any` asks on all networks of this machine.
    ///   - port: where questions are heard.
    package init(
        asker: DiscoveryAsker, keys: [ClusterKey], host: HostAddress, port: UInt16,
        configuration: Discovery.Configuration = .init(), clock: any Clock, network: any Network, log: Logger,
        metrics: Metrics
    ) {
        self.host = host
        self.port = port
        self.clock = clock
        self.network = network
        self.log = log
        self.metrics = metrics
        var generator = SystemKeyGenerator()
        discovery = Discovery(configuration: configuration, asker: asker, seed: generator.next())
        seal = DiscoverySeal(keys: keys.map(\.discoveryKey))
    }

    /// Hears and answers from now on.
    package func listen() {
        do throws(StreamError) {
            listener = try network.openDatagrams(on: Endpoint(.any, port)) { [weak self] packet, source in
                self?.receiveQuestion(packet, from: source)
            }
        } catch {
            log.warning("the discovery port cannot be opened; nobody finds this server by broadcast", ["port": port])
        }
    }

    /// Asks from now on, where and as long as no registry answers.
    package func start(hasRegistries: Bool) { handle(.started(hasRegistries: hasRegistries)) }

    package func registryAnswered() { handle(.registryAnswered) }
    package func registriesLost() { handle(.registriesLost) }

    /// Takes other keys; questions go out under each of them.
    package func use(_ keys: [ClusterKey]) { seal = DiscoverySeal(keys: keys.map(\.discoveryKey)) }

    package func stop() {
        isStopped = true
        timer?.cancel()
        listener?.close()
        asker?.close()
    }
}

extension Discoverer {
    private func handle(_ event: Discovery.Event) {
        guard !isStopped else { return }
        var effects: [Discovery.Effect] = []
        discovery.handle(event, at: clock.now, into: &effects)
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: Discovery.Effect) {
        switch effect {
        case .ask(let question): ask(question)
        case .answer(let answer, let key, let endpoint):
            openAsker()?.send(seal.seal(answer, key: key, salt: Self.salt()), to: endpoint)
        case .setTimer(let time):
            timer?.cancel()
            timer = clock.schedule(at: time) { [weak self] in
                guard let self else { return }
                var generator = SystemKeyGenerator()
                handle(.timerFired(knowledge(), nonce: QuestionNonce(high: generator.next(), low: generator.next())))
            }
        case .cancelTimer: timer?.cancel()
        case .found(let answer): found(answer)
        case .note(let note): count(note.rawValue)
        }
    }

    private func ask(_ question: DiscoveryQuestion) {
        guard let socket = openAsker() else { return }
        for key in 0..<seal.keyCount {
            for address in network.broadcastAddresses(of: host) {
                socket.send(seal.seal(question, key: key, salt: Self.salt()), to: Endpoint(address, port))
            }
        }
    }

    private static func salt() -> [UInt8] { SystemRandom.bytes(DiscoverySeal.saltLength) }

    /// The socket for questions and answers, on a port that is this process's alone.
    private func openAsker() -> (any DatagramSocket)? {
        if let asker { return asker }
        do throws(StreamError) {
            asker = try network.openDatagrams(on: Endpoint(host, 0)) { [weak self] packet, _ in
                self?.receiveAnswer(packet)
            }
        } catch {
            // Without a socket now there may be one for the next question.
            count("no_socket")
        }
        return asker
    }

    private func receiveQuestion(_ packet: [UInt8], from source: Endpoint) {
        guard mayOpen(), let (question, key) = seal.question(in: packet) else { return count("foreign") }
        handle(.questionReceived(question, key: key, from: source, knowledge()))
    }

    private func receiveAnswer(_ packet: [UInt8]) {
        guard mayOpen(), let answer = seal.answer(in: packet) else { return count("foreign") }
        handle(.answerReceived(answer))
    }

    private func mayOpen() -> Bool {
        if clock.now >= window {
            window = clock.now + .seconds(1)
            packetsInWindow = 0
        }
        packetsInWindow += 1
        return packetsInWindow <= Self.packetsPerSecond
    }

    private func count(_ kind: String) {
        metrics.count("rondo_discovery_packets_total", "What was said over broadcast.", labels: "kind=\"\(kind)\"")
    }
}
