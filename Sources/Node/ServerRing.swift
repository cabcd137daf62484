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
    private var current = LatePlacement([])
    private var earlier: [LatePlacement] = []
    private(set) var others: [ServerID] = []
    private(set) var isAlone = false
    private(set) var isWhole = false
    private var addresses: [ServerID: PeerAddress] = [:]
    private var httpEndpoints: [ServerID: Endpoint] = [:]

    private static let remembered = 8

    init(own: ServerID, replicas: Int) {
        self.own = own
        self.replicas = replicas
    }

    var placement: Placement { current.placement }
    var earlierPlacements: [Placement] { earlier.map(\.placement) }

    func address(of server: ServerID) -> PeerAddress? { addresses[server] }
    func httpEndpoint(of server: ServerID) -> Endpoint? { httpEndpoints[server] }

    /// - Returns: whether the placement changed.
    func update(from ring: Ring) -> Bool {
        let present = ring.roster.present
        others = present.map(\.id).filter { $0 != own }
        addresses = Dictionary(
            uniqueKeysWithValues: present.map { ($0.id, PeerAddress(endpoint: $0.peerEndpoint, life: $0.life)) })
        httpEndpoints = Dictionary(uniqueKeysWithValues: present.map { ($0.id, $0.httpEndpoint) })
        isWhole = ring.hasJoined && !ring.roster.entries.contains { $0.state == .dead || $0.state == .suspect }
        isAlone = ring.hasJoined && ring.roster.count == 1
        let candidates = Self.candidates(present.filter { !$0.leaving })
        guard candidates != current.candidates else { return false }
        earlier = Array(([current] + earlier).prefix(Self.remembered))
        current = LatePlacement(candidates)
        return true
    }
}

extension ServerRing {
    /// Each with a share by its capacity beside the mean of those that have one; who has none named has the mean.
    private static func candidates(_ entries: [RosterEntry]) -> [Placement.Candidate] {
        let capacities = entries.map(\.capacity).filter { $0 > 0 }
        let mean = capacities.reduce(0.0) { $0 + Double($1) / Double(capacities.count) }
        return entries.map { entry in
            let weight = entry.capacity > 0 ? Double(entry.capacity) / mean : 1
            return Placement.Candidate(id: entry.id, role: entry.role, weight: weight)
        }
    }
}

/// The placement of a roster, computed when somebody asks for it: while many servers come or go, most rosters are over
/// before anybody does.
@Loop
private final class LatePlacement {
    let candidates: [Placement.Candidate]
    private(set) lazy var placement = Placement(candidates)

    init(_ candidates: [Placement.Candidate]) { self.candidates = candidates }
}
