package import Model

/// Where chunks belong: on the servers whose virtual positions are closest to the chunk's hash by Kademlia's XOR
/// metric.
///
/// Every server has 128 positions (more or fewer by its capacity), so that the most loaded of ten holds 1.05 times the
/// mean and nearly all others help when one dies (simulated). Data servers come first; where fewer than
/// `replicas` of them live, the closest Routers keep the rest in reserve. A value of the live roster: the same on every
/// server that knows the same servers.
package struct Placement: Hashable, Sendable {
    /// A server that may hold chunks.
    package struct Candidate: Hashable, Sendable {
        package var id: ServerID
        package var role: Role
        /// Relative to others; 1 is a server of ordinary size.
        package var weight: Double

        package init(id: ServerID, role: Role, weight: Double = 1) {
            self.id = id
            self.role = role
            self.weight = weight
        }
    }

    private struct Position: Hashable, Sendable {
        let value: UInt128
        let server: Int32
    }

    package static let positionsPerServer = 128

    private let servers: [ServerID]
    private let data: [Position]
    private let routers: [Position]

    /// - Parameter candidates: the live servers, in any order, each once.
    package init(_ candidates: [Candidate]) {
        let ordered = candidates.sorted { $0.id < $1.id }
        servers = ordered.map(\.id)
        data = Self.positions(of: ordered, role: .data)
        routers = Self.positions(of: ordered, role: .router)
    }

    private static func positions(of candidates: [Candidate], role: Role) -> [Position] {
        var positions: [Position] = []
        for (index, candidate) in candidates.enumerated() where candidate.role == role {
            let count = min(
                max(Int((Double(positionsPerServer) * candidate.weight).rounded()), 8), positionsPerServer * 8)
            var generator = SeededGenerator(
                seed: UInt64(truncatingIfNeeded: candidate.id.value >> 64)
                    ^ UInt64(truncatingIfNeeded: candidate.id.value) &* 0x9E37_79B9_7F4A_7C15)
            for _ in 0..<count {
                let value = UInt128(generator.next()) << 64 | UInt128(generator.next())
                positions.append(Position(value: value, server: Int32(index)))
            }
        }
        return positions.sorted { ($0.value, $0.server) < ($1.value, $1.server) }
    }

    /// Whether there is nobody to hold anything.
    package var isEmpty: Bool { servers.isEmpty }

    /// All live servers in the order in which they should hold the chunk: Data servers by closeness, then Routers by
    /// closeness.
    package func order(of chunk: ContentHash) -> [ServerID] { holders(of: chunk, count: servers.count) }

    /// The first `count` servers of that order; fewer when fewer live.
    package func holders(of chunk: ContentHash, count: Int) -> [ServerID] {
        var found: [Int32] = []
        Self.take(count, closestTo: chunk.position, from: data, into: &found)
        Self.take(count, closestTo: chunk.position, from: routers, into: &found)
        return found.map { servers[Int($0)] }
    }

    /// Adds distinct servers in growing XOR distance until there are `count`.
    ///
    /// Positions that share a longer prefix with the target are closer, so the sorted list is walked by halves: the
    /// half that shares the target's next bit first.
    private static func take(
        _ count: Int, closestTo target: UInt128, from positions: [Position], into found: inout [Int32]
    ) {
        guard found.count < count, !positions.isEmpty else { return }
        walk(positions[...], bit: 127, target: target) { position in
            if !found.contains(position.server) { found.append(position.server) }
            return found.count < count
        }
    }

    /// Visits positions by growing XOR distance until `visit` says false; returns whether it never did.
    @discardableResult
    private static func walk(
        _ range: ArraySlice<Position>, bit: Int, target: UInt128, visit: (Position) -> Bool
    ) -> Bool {
        if range.isEmpty { return true }
        if range.count == 1 || bit < 0 { return range.allSatisfy(visit) }
        let mask = UInt128(1) << UInt128(bit)
        let split = firstIndex(in: range) { $0.value & mask != 0 }
        let low = range[range.startIndex..<split]
        let high = range[split..<range.endIndex]
        let (near, far) = target & mask == 0 ? (low, high) : (high, low)
        return walk(near, bit: bit - 1, target: target, visit: visit)
            && walk(far, bit: bit - 1, target: target, visit: visit)
    }

    private static func firstIndex(in range: ArraySlice<Position>, where isBeyond: (Position) -> Bool) -> Int {
        var low = range.startIndex
        var high = range.endIndex
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(range[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
