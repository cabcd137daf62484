package import Platform
package import Model
package import Peers
package import Placement

/// What the storage of one server needs to know of the ring.
@Loop
package protocol StorageRing: AnyObject, Sendable {
    var own: ServerID { get }
    /// Copies wanted of each chunk.
    var replicas: Int { get }
    /// Where chunks belong under today's roster.
    var placement: Placement { get }
    /// Where they belonged under the rosters before, the latest first, at most eight.
    var earlierPlacements: [Placement] { get }
    /// The other servers that can be talked to, suspects and leaving ones among them, in the order of their ids.
    var others: [ServerID] { get }
    func address(of server: ServerID) -> PeerAddress?
    /// Whether nobody is missing: no server that was in the ring is dead or suspect. Who has left is not missed.
    var isWhole: Bool { get }
    /// Whether this ring has one member and nobody is missing: then one copy is all there can be.
    var isAlone: Bool { get }
}
