internal import Model

/// Until when chunks are kept whatever else is known of them: for a term after each put of an upload, or each
/// promise to keep them (the design, §7).
///
/// The leases of an earlier process are not known, so a young store keeps everything for a term. Time is that of a
/// clock that no one sets.
struct ChunkLeases: Sendable {
    private let term: Duration
    private let openedAt: MonotonicTime
    private var ends: [ContentHash: MonotonicTime] = [:]
    private var pruneAt = 1_024

    init(term: Duration, openedAt: MonotonicTime) {
        self.term = term
        self.openedAt = openedAt
    }

    mutating func take(_ hash: ContentHash, at now: MonotonicTime) {
        ends[hash] = now + term
        guard ends.count >= pruneAt else { return }
        ends = ends.filter { $0.value > now }
        pruneAt = max(1_024, ends.count * 2)
    }

    func isTaken(_ hash: ContentHash, at now: MonotonicTime) -> Bool {
        now < openedAt + term || ends[hash].map { now < $0 } ?? false
    }
}
