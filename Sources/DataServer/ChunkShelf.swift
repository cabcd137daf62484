internal import Model
internal import Platform

/// Whole chunks that several listeners want at about the same time: verified, and in memory that streams send from
/// without a copy or another check.
///
/// A chunk comes in when the same part of it is wanted again while the first time is remembered, so that what is heard
/// once pushes nothing out (2Q; Johnson and Shasha 1994).
@Loop
final class ChunkShelf {
    /// Bytes that are kept at most.
    private static let capacity = 64 << 20
    /// Longer chunks are not worth their place.
    static let longest = 4 << 20
    /// Parts of which it is remembered that they were wanted: as much as is kept, so that what does not fit changes
    /// nothing.
    private static let memory = 256

    private struct PartKey: Hashable {
        let hash: ContentHash
        let offset: Int
    }

    private var kept: [ContentHash: (bytes: any HeldBytes, lastUse: UInt64)] = [:]
    private var bytes = 0
    private var uses: UInt64 = 0
    private var wanted: Set<PartKey> = []
    private var order: [PartKey] = []
    private var next = 0

    subscript(hash: ContentHash) -> (any HeldBytes)? {
        guard let held = kept[hash]?.bytes else { return nil }
        uses += 1
        kept[hash]?.lastUse = uses
        return held
    }

    /// Notes that a part is wanted.
    /// - Returns: whether it was before, as far as is remembered.
    func isWantedAgain(_ hash: ContentHash, offset: Int) -> Bool {
        let key = PartKey(hash: hash, offset: offset)
        if !wanted.insert(key).inserted { return true }
        if order.count < Self.memory {
            order.append(key)
        } else {
            wanted.remove(order[next])
            order[next] = key
            next = (next + 1) % Self.memory
        }
        return false
    }

    func keep(_ held: any HeldBytes, for hash: ContentHash) {
        uses += 1
        bytes += held.count - (kept[hash]?.bytes.count ?? 0)
        kept[hash] = (held, uses)
        while bytes > Self.capacity, let oldest = kept.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            bytes -= oldest.value.bytes.count
            kept[oldest.key] = nil
        }
    }
}
