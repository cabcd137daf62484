import Linux
import Model
import Peers
import Platform
import TestTools

/// A process of a cluster, as far as its links go.
@Loop
struct Node {
    let peers: Peers
    let metrics = Metrics()

    /// - Parameter earlier: the run of the same server before this one.
    init(_ number: UInt8, key: UInt8 = 1, after earlier: PeerIdentity? = nil, log: Logger = .none) throws {
        var generator = SystemRandomNumberGenerator()
        let life =
            earlier.map { ServerLife(id: $0.life.id, incarnation: $0.life.incarnation.next) }
            ?? ServerLife(id: .random(using: &generator), incarnation: Incarnation(1))
        peers = Peers(
            identity: PeerIdentity(
                life: life, nonce: generator.next(),
                endpoint: earlier?.endpoint ?? Endpoint(HostAddress(127, 0, 0, number), 0)),
            secrets: [PeerSecret(identity: "rondo/\(key)", key: Array(repeating: key, count: 32))], clock: LinuxClock(),
            network: LinuxNetwork(), log: log, metrics: metrics)
        try peers.start()
    }

    var address: PeerAddress { PeerAddress(endpoint: peers.identity.endpoint, life: peers.identity.life) }
}

/// Stands between two servers and passes their bytes on, until it is cut: then connections stay open and nothing
/// passes.
@Loop
final class Relay {
    private let network = LinuxNetwork()
    private var listener: (any StreamListener)?
    private var streams: [any ByteStream] = []
    /// Connections made so far; those made later pass again.
    private var cut = 0

    init(to target: Endpoint) throws {
        listener = try network.listen(on: Endpoint(.loopback, 0)) { [weak self] stream in self?.join(stream, target) }
    }

    var endpoint: Endpoint { listener?.local ?? Endpoint(.any, 0) }

    /// What has been connected so far stays open, and nothing passes any more, not even the end.
    func cutAll() { cut = streams.count }

    func stop() {
        listener?.close()
        for stream in streams { stream.close() }
    }

    private func join(_ near: any ByteStream, _ target: Endpoint) {
        Loop.spawn("relay") { [self] in
            guard let far = try? await network.connect(to: target, from: .any, deadline: soon) else {
                return near.close()
            }
            streams += [near, far]
            let number = streams.count
            Loop.spawn("relay.forth") { await self.pass(from: near, to: far, number) }
            Loop.spawn("relay.back") { await self.pass(from: far, to: near, number) }
        }
    }

    private func pass(from source: any ByteStream, to target: any ByteStream, _ number: Int) async {
        while let bytes = try? await source.read(atMost: 64 << 10, deadline: .distantFuture), !bytes.isEmpty {
            guard number > cut else { continue }
            do { try await target.write(bytes, deadline: soon) } catch { break }
        }
        if number > cut { target.close() }
    }
}
