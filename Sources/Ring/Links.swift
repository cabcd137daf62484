package import Model

/// A server's place in the ring: a function of the roster, never pointers that could be wrong.
///
/// - One server: it is alone, all links are nil.
/// - Two: the other one is predecessor and successor; there is no second successor.
/// - Three: the second successor is the predecessor.
package struct Links: Hashable, Sendable, Codable {
    package let predecessor: ServerLife?
    package let successor: ServerLife?
    package let secondSuccessor: ServerLife?

    /// - Parameter suspects: servers that are passed over although they are still in the roster.
    package init(of id: ServerID, in roster: Roster, passingOver suspects: Set<ServerID> = []) {
        func accepts(_ entry: RosterEntry) -> Bool { entry.state == .alive && !suspects.contains(entry.id) }
        let forward = roster.clockwise(after: id, limit: 2, where: accepts)
        let backward = roster.counterclockwise(before: id, limit: 1, where: accepts)
        predecessor = backward.first?.life
        successor = forward.first?.life
        secondSuccessor = forward.count > 1 ? forward[1].life : nil
    }

    /// The servers that the owner of these links observes.
    package var observed: [ServerLife] { [successor, secondSuccessor].compactMap(\.self) }
}
