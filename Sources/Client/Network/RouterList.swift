package import Model
package import Platform

/// Where Routers can be found: the registries in a real cluster.
@Loop
package protocol RouterDirectory: AnyObject, Sendable {
    /// The Routers that are listed now, in any order; empty when nobody could say.
    func routers() async -> [Endpoint]

    /// What to tell a person who waits in vain, half a sentence.
    var explanation: String { get }
}

/// The Routers that are known, and how they did: which to try next, and which to leave alone for a while.
struct RouterList {
    private struct Record {
        var failures = 0
        var restsUntil = MonotonicTime.zero
    }

    private static let firstRest = Duration.milliseconds(250)
    private static let longestRest = Duration.seconds(5)

    private var records: [Endpoint: Record] = [:]
    private var order: [Endpoint] = []

    var isEmpty: Bool { order.isEmpty }

    /// Takes a fresh list; what is known about those that stay is kept, and one in use stays in front.
    mutating func update(_ routers: [Endpoint]) {
        guard !routers.isEmpty else { return }
        let stay = order.filter(routers.contains)
        order = stay + routers.filter { !stay.contains($0) }
        records = records.filter { order.contains($0.key) }
    }

    /// The first one that does not rest; the next request goes there too, for as long as it does well.
    func next(at now: MonotonicTime) -> Endpoint? {
        order.first { records[$0, default: Record()].restsUntil <= now }
    }

    /// When the first of those that rest may be tried again.
    var nextRestEnd: MonotonicTime? { order.map { records[$0, default: Record()].restsUntil }.min() }

    mutating func succeeded(_ router: Endpoint) { records[router] = nil }

    mutating func failed(_ router: Endpoint, at now: MonotonicTime) {
        var record = records[router, default: Record()]
        let rest = Self.firstRest * (1 << min(record.failures, 8))
        record.failures += 1
        record.restsUntil = now + min(rest, Self.longestRest)
        records[router] = record
        order = order.filter { $0 != router } + order.filter { $0 == router }
    }
}
