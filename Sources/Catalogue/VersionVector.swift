package import Model

extension VersionVector {
    /// Whether everything that `other` has seen has been applied here too.
    package func covers(_ other: VersionVector) -> Bool {
        other.positions.allSatisfy { self[$0.origin] >= $0.sequence }
    }

    /// The higher position of each origin.
    package func merged(with other: VersionVector) -> VersionVector {
        var sequences = table
        for position in other.positions {
            sequences[position.origin] = max(sequences[position.origin] ?? 0, position.sequence)
        }
        return VersionVector(sequences)
    }

    /// Takes the next change of an origin; false, and no change, when it is not the one that follows.
    package mutating func advance(_ origin: LogOrigin, to sequence: UInt64) -> Bool {
        let index = positions.firstIndex { $0.origin == origin }
        let applied = index.map { positions[$0].sequence } ?? 0
        guard applied < .max, sequence == applied + 1 else { return false }
        if let index {
            positions[index].sequence = sequence
        } else {
            let place = positions.firstIndex { origin < $0.origin } ?? positions.endIndex
            positions.insert(Position(origin: origin, sequence: sequence), at: place)
        }
        return true
    }

    /// How many changes this vector has that `other` lacks.
    package func count(beyond other: VersionVector) -> UInt64 {
        positions.reduce(0) { count, position in
            let applied = other[position.origin]
            return position.sequence > applied ? count &+ (position.sequence - applied) : count
        }
    }

    private var table: [LogOrigin: UInt64] {
        Dictionary(positions.map { ($0.origin, $0.sequence) }, uniquingKeysWith: max)
    }

    private init(_ sequences: [LogOrigin: UInt64]) {
        self.init(positions: sequences.map { Position(origin: $0.key, sequence: $0.value) })
    }
}
