internal import Model
internal import Peers
internal import Platform
internal import Registry
internal import Wire

/// Carries a registry's messages to the others. What does not get there is told again with the next digest.
@Loop
final class RegistryPost {
    private static let limit = Duration.seconds(1)

    private let peers: Peers
    private let clock: any Clock
    private var underWay: [UInt64: Task<Void, Never>] = [:]
    private var last: UInt64 = 0

    init(peers: Peers, clock: any Clock) {
        self.peers = peers
        self.clock = clock
    }

    func send(_ message: RegistryMessage, to endpoint: Endpoint) {
        last += 1
        let (number, deadline) = (last, clock.now + Self.limit)
        underWay[number] = Loop.spawn("registry.tell") { [self] in
            _ = try? await peers.request(
                .registry, to: PeerAddress(endpoint: endpoint, life: nil), body: WireJSON.encode(message),
                deadline: deadline)
            underWay[number] = nil
        }
    }

    /// Waits until all that was sent is taken or given up, a second at most.
    func settled() async {
        for (_, task) in underWay.sorted(by: { $0.key < $1.key }) { await task.value }
    }
}
