internal import Model

/// The signed updates of the last minutes that came here, so that each is answered once (RFC 8945 §5.2.3); what was
/// carried out at any registry is in the map (`LastUpdates`).
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
    /// Nothing that was signed before this time is carried out: it may have been, and be forgotten.
    private(set) var floor: UInt64

    /// - Parameter started: when this registry started, in seconds since 1970. It cannot know what was carried out
    ///   before.
    init(started: UInt64) { floor = started }

    /// What came of the same update before, nil for a new one.
    func answer(to signature: TSIG) -> Seen? { seen[signature.code] }

    mutating func remember(_ signature: TSIG, _ outcome: Seen, at wallSeconds: UInt64) {
        forget(before: wallSeconds)
        seen[signature.code] = outcome
        memories.append(Memory(code: signature.code, time: signature.time))
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
    }
}
