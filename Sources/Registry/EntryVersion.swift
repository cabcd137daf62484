package import Model

/// How far the knowledge of one server has come: of two entries of one server the higher one holds, everywhere.
///
/// A later life goes before an earlier one. Within a life a removal outranks the lease of the same term; a registry
/// that had an answer of the server itself after it learnt of the removal gives the lease the next **term**, which
/// outranks the removal in turn. Of two leases of one term the later one in the server's own count holds.
package struct EntryVersion: Hashable, Sendable, Codable {
    package var life: ServerLife
    /// How many removals this life has outlived, because a registry heard the server itself afterwards.
    package var term: UInt64
    package var isRemoved: Bool
    /// The server's own count of what it said of itself: a request that comes late changes nothing.
    package var sequence: UInt64
    /// A hash of all that the entry says: decides where two registries answered one request differently.
    package var mark: UInt64
    /// The signed updates that were carried out for this server, whatever else is said of it; nil where there was none.
    package var updates: LastUpdates?

    /// What the map's digest has of the entry.
    fileprivate var digest: UInt64 {
        guard let updates else { return mark }
        var hash = EntryHash()
        for word in [mark, updates.time] + updates.codes { hash.add(word) }
        return hash.value
    }
}

extension EntryVersion: Comparable {
    package static func < (left: EntryVersion, right: EntryVersion) -> Bool {
        if left.life != right.life { return left.life < right.life }
        if left.term != right.term { return left.term < right.term }
        if left.isRemoved != right.isRemoved { return right.isRemoved }
        if (left.sequence, left.mark) != (right.sequence, right.mark) {
            return (left.sequence, left.mark) < (right.sequence, right.mark)
        }
        guard let others = right.updates else { return false }
        return left.updates.map { $0 < others } ?? true
    }
}

extension RegistryEntry {
    /// Nothing in it depends on time or on what one registry alone knows: equal maps have equal versions.
    var version: EntryVersion {
        var hash = EntryHash()
        hash.add(life)
        hash.add(term)
        if let record {
            hash.add(sequence)
            hash.add(record)
        }
        return EntryVersion(
            life: life, term: term, isRemoved: record == nil, sequence: record == nil ? 0 : sequence, mark: hash.value,
            updates: updates)
    }
}

/// A hash that is the same in every process: the finaliser of SplitMix64 (Steele, Lea and Flood 2014) over words.
struct EntryHash {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func add(_ word: UInt64) {
        var mixed = value ^ word &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        value = mixed ^ (mixed >> 31)
    }

    mutating func add(_ life: ServerLife) {
        add(UInt64(truncatingIfNeeded: life.id.value >> 64))
        add(UInt64(truncatingIfNeeded: life.id.value))
        add(life.incarnation.value)
    }

    mutating func add(_ text: String) {
        add(UInt64(text.utf8.count))
        for byte in text.utf8 { add(UInt64(byte)) }
    }

    mutating func add(_ record: LeaseRecord) {
        add(record.role.rawValue)
        add(record.state.rawValue)
        add(UInt64(record.address.value) << 32 | UInt64(record.peerPort) << 16 | UInt64(record.httpPort))
        add(record.publicHTTP ?? "")
        add(record.pinned ? 1 : 0)
    }
}

/// The whole map in 64 numbers: a server's entry is in the one that the last bits of its id name, so that where maps
/// differ only a sixty-fourth of them has to be compared.
struct MapDigest: Hashable, Sendable {
    static let size = 64

    private(set) var buckets = [UInt64](repeating: 0, count: size)

    static func bucket(of id: ServerID) -> Int { Int(truncatingIfNeeded: id.value & UInt128(size - 1)) }

    mutating func replace(_ old: EntryVersion?, by new: EntryVersion?) {
        if let old { buckets[Self.bucket(of: old.life.id)] ^= old.digest }
        if let new { buckets[Self.bucket(of: new.life.id)] ^= new.digest }
    }

    /// The buckets in which this map is not the one that has these numbers.
    func differences(from others: [UInt64]) -> [Int] {
        guard others.count == Self.size else { return [] }
        return (0..<Self.size).filter { buckets[$0] != others[$0] }
    }
}
