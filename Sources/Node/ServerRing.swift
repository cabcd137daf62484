internal import DataServer
internal import Model
internal import Peers
internal import Placement
internal import Platform
internal import Ring

/// The roster as storage sees it: who lives, where chunks belong, and belonged.
@Loop
final class ServerRing: StorageRing {
    let own: ServerID
    let replicas: Int
    private(set) var placement = Placement([])
    private(set) var earlierPlacements: [Placement] = []
    private(set) var others: [ServerID] = []
    private(set) var isAlone = false
    private var addresses: [ServerID: PeerAddress] = [:]
    private var httpEndpoints: [ServerID: Endpoint] = [:]

    private static let remembered = 8

    init(own: ServerID, replicas: Int) {
        self.own = own
        self.replicas = replicas
    }

    func address(of server: ServerID) -> PeerAddress? { addresses[server] }
    func httpEndpoint(of server: ServerID) -> Endpoint? { httpEndpoints[server] }

    /// - Returns: whether the placement changed.
    func update(from ring: Ring) -> Bool {
        let present = ring.roster.present
        others = present.map(\.id).filter { $0 != own }
        addresses = Dictionary(
            uniqueKeysWithValues: present.map { ($0.id, PeerAddress(endpoint: $0.peerEndpoint, life: $0.life)) })
        httpEndpoints = Dictionary(uniqueKeysWithValues: present.map { ($0.id, $0.httpEndpoint) })
        isAlone = ring.hasJoined && ring.roster.count == 1
        let candidates = present.filter { !$0.leaving }.map { Placement.Candidate(id: $0.id, role: $0.role) }
        let next = Placement(candidates)
        guard next != placement else { return false }
        earlierPlacements = Array(([placement] + earlierPlacements).prefix(Self.remembered))
        placement = next
        return true
    }
}
