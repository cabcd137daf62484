import Model

/// Many lives that begin within a second: the halves of a large ring meet, and everybody refutes what the other half
/// holds.
struct Rush: Sendable {
    /// From so many on within `window` it is a rush, which lasts until no more come for so long.
    static let least = 16
    static let window: Duration = .seconds(1)

    private var count = 0
    private var since = MonotonicTime.zero
    private var until = MonotonicTime(nanoseconds: .min / 2)

    func isOn(at now: MonotonicTime) -> Bool { now < until }

    /// A known server has begun another life, or is asked for one. One out of many that are gone will not be the last.
    mutating func note(at now: MonotonicTime, gone: Int) {
        if !isOn(at: now), now - since > Rush.window { (since, count) = (now, 0) }
        count += 1
        if count >= Rush.least || gone >= Rush.least { until = now + Rush.window }
    }
}

// In a rush not everybody tells everybody: of a thousand servers that would be a million messages about themselves, and
// a thousand times as many about what they read in exchanges. Each hands what it has to tell to the gatherer of that
// part of the ids; the gatherer tells what is new to it, together, once in `gatherDelay`.
extension Ring {
    /// The ids are in four parts by their first two bits, each with a gatherer of its own: with more of them each had
    /// less to tell together.
    private static var parts: Int { 4 }
    private static var partBits: UInt128 { 126 }

    /// Whether what lives is told by gatherers now.
    var isGathering: Bool {
        changes.rush.isOn(at: now) && roster.presentCount > configuration.directSpreadLimit
    }

    /// How long changes wait for others, to be told together. Nobody is to wait for a death.
    func spreadWait(for entries: [RosterEntry]) -> Duration {
        isGathering && entries.allSatisfy(\.isPresent) ? configuration.gatherDelay : configuration.spreadDelay
    }

    /// The first live server at or clockwise of the beginning of the part in which an id lies.
    private func gatherer(of id: ServerID) -> RosterEntry? {
        let start = ServerID((id.value >> Ring.partBits) << Ring.partBits)
        return live(after: ServerID(start.value &- 1), limit: 1).first
    }

    /// Hands what lives to its gatherers; deaths are told by who found them, as ever.
    /// - Returns: what this server is to tell itself.
    mutating func handToGatherers(_ entries: [RosterEntry]) -> [RosterEntry] {
        guard isGathering else { return entries }
        var own: [RosterEntry] = []
        var handed: [[RosterEntry]] = Array(repeating: [], count: Ring.parts)
        for entry in entries {
            if entry.isPresent { handed[Int(entry.id.value >> Ring.partBits)].append(entry) } else { own.append(entry) }
        }
        for part in handed where !part.isEmpty {
            guard let gatherer = gatherer(of: part[0].id), gatherer.id != id else {
                own += part
                continue
            }
            send(.part(part, of: [], wantsAnswer: false), to: gatherer, for: .gathering(part))
        }
        return own
    }

    /// The gatherer did not take it: this server tells it itself, but waits for one that goes on in a later life.
    mutating func gatheringFailed(_ entries: [RosterEntry], _ reason: LossReason) {
        let current = entries.compactMap { roster[$0.id] }
        if case .answeredBy = reason { return spread(current) }
        branch(current, among: live(after: id).map(\.id))
    }

    /// Another server tells all of these, so this one need not.
    mutating func leaveToOthers(_ entries: [RosterEntry]) {
        guard !changes.toSpread.isEmpty else { return }
        for entry in entries where entry.id != id {
            if let waiting = changes.toSpread[entry.id], !waiting.supersedes(entry) { changes.toSpread[entry.id] = nil }
        }
    }
}
