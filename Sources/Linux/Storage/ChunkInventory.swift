internal import Model
internal import Platform

/// Which chunks are held, their lengths, and who is busy with which: the chunk store's memory.
///
/// 100,000 chunks take 5 to 10 MB.
struct ChunkInventory: Sendable {
    /// What a call that wants to write or check a chunk may do.
    enum Claim {
        /// Nobody else is busy with it; the caller is now, until it ends the claim.
        case granted
        /// It is held already.
        case held
        case full
        /// Another call is busy with it; the caller waits until that one is done, and asks again.
        case busy
    }

    private var lengths: [ContentHash: UInt32] = [:]
    private var waiting: [ContentHash: [CheckedContinuation<Void, Never>]] = [:]
    private(set) var bytes: Int64 = 0
    /// Bytes of chunks that are being written.
    private var reserved: Int64 = 0
    private let capacity: Int64?
    private var leases: ChunkLeases

    init(capacity: Int64?, leases: ChunkLeases) {
        self.capacity = capacity
        self.leases = leases
    }

    var count: Int { lengths.count }
    var sorted: [ContentHash] { lengths.keys.sorted() }

    func length(of hash: ContentHash) -> Int? { lengths[hash].map(Int.init) }

    mutating func insert(_ hash: ContentHash, length: Int) {
        let before = lengths.updateValue(UInt32(clamping: length), forKey: hash)
        bytes += Int64(length) - Int64(before ?? 0)
    }

    mutating func remove(_ hash: ContentHash) {
        if let length = lengths.removeValue(forKey: hash) { bytes -= Int64(length) }
    }

    /// Asks to write a chunk of `length` bytes.
    mutating func claimForWriting(_ hash: ContentHash, length: Int) -> Claim {
        if waiting[hash] != nil { return .busy }
        if lengths[hash] != nil { return .held }
        if let capacity, bytes + reserved + Int64(length) > capacity { return .full }
        waiting[hash] = []
        reserved += Int64(length)
        return .granted
    }

    mutating func lease(_ hash: ContentHash, at now: MonotonicTime) { leases.take(hash, at: now) }

    func isLeased(_ hash: ContentHash, at now: MonotonicTime) -> Bool { leases.isTaken(hash, at: now) }

    /// Asks to remove a chunk, which is no longer held once that is granted; nil where a lease is on it, or it is not
    /// there.
    /// - Returns: its length besides, for who has to put it back.
    mutating func claimForRemoval(_ hash: ContentHash, at now: MonotonicTime) -> (claim: Claim, length: Int)? {
        guard let length = length(of: hash) else { return nil }
        if waiting[hash] != nil { return (.busy, length) }
        if isLeased(hash, at: now) { return nil }
        remove(hash)
        waiting[hash] = []
        return (.granted, length)
    }

    /// Asks to check a chunk that is held.
    mutating func claimForChecking(_ hash: ContentHash) -> Claim {
        if waiting[hash] != nil { return .busy }
        waiting[hash] = []
        return .granted
    }

    /// Has `continuation` resumed when whoever is busy with the chunk is done; false when nobody is.
    mutating func wait(for hash: ContentHash, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard waiting[hash] != nil else { return false }
        waiting[hash]?.append(continuation)
        return true
    }

    /// Ends a claim to write. The caller resumes who waited, outside the lock.
    mutating func endWriting(
        _ hash: ContentHash, length: Int, stored: Bool
    ) -> [CheckedContinuation<Void, Never>] {
        reserved -= Int64(length)
        if stored { insert(hash, length: length) }
        return endChecking(hash)
    }

    /// Ends a claim to check. The caller resumes who waited, outside the lock.
    mutating func endChecking(_ hash: ContentHash) -> [CheckedContinuation<Void, Never>] {
        waiting.removeValue(forKey: hash) ?? []
    }
}
