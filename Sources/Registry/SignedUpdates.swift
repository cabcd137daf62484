internal import Model

/// The signed updates of the last minutes, so that each is carried out once (RFC 8945 §5.2.3).
///
/// Every update whose signature was right is remembered until its time has run out, whatever came of it: a refused one
/// might be accepted later. The memory is bounded; what has to make room moves `floor`, so that forgetting never lets a
/// replay in.
struct SignedUpdates: Sendable {
    static let maximum = 65_536

    /// An update as it is remembered.
    struct Seen: Hashable, Sendable {
        var source: Endpoint
        var transport: DNSTransport
        var code: ResponseCode
    }

    private struct Memory {
        var code: [UInt8]
        var time: UInt64
    }

    private var seen: [[UInt8]: Seen] = [:]
    private var memories: [Memory] = []
    private var oldest = 0
    /// The latest time signed for each name.
    private var latest: [DomainName: UInt64] = [:]
    /// Nothing that was signed before this time is carried out.
    private(set) var floor: UInt64

    /// - Parameter started: when this registry started, in seconds since 1970. It cannot know what was carried out
    ///   before.
    init(started: UInt64) { floor = started }

    /// What came of the same update before, nil for a new one.
    func answer(to signature: TSIG) -> Seen? { seen[signature.code] }

    /// Whether something that was signed later has been carried out for this name, or may have been.
    func isOvertaken(_ name: DomainName?, _ signature: TSIG) -> Bool {
        if signature.time < floor { return true }
        guard let name, let last = latest[name] else { return false }
        return signature.time < last
    }

    mutating func remember(_ signature: TSIG, _ name: DomainName?, _ outcome: Seen, at wallSeconds: UInt64) {
        forget(before: wallSeconds)
        seen[signature.code] = outcome
        memories.append(Memory(code: signature.code, time: signature.time))
        guard outcome.code == .noError, let name else { return }
        latest[name] = max(latest[name] ?? 0, signature.time)
    }

    /// Drops what the clock alone would refuse by now, and the oldest of too many.
    private mutating func forget(before wallSeconds: UInt64) {
        while oldest < memories.count {
            let memory = memories[oldest]
            let isOver = memory.time &+ 2 * UInt64(TSIG.fudge) < wallSeconds
            guard isOver || seen.count >= Self.maximum else { break }
            if !isOver { floor = max(floor, memory.time + 1) }
            seen[memory.code] = nil
            oldest += 1
        }
        guard oldest > 1024, oldest * 2 > memories.count else { return }
        memories.removeFirst(oldest)
        oldest = 0
        latest = latest.filter { $0.value &+ UInt64(TSIG.fudge) >= wallSeconds }
    }
}
