internal import Model

/// The last signed updates that were carried out for one server: they travel with its entry, so that no registry
/// carries one of them out again, or one that was signed before them (RFC 8945 §5.2.3).
///
/// Signatures tell whole seconds, so there may be several of one second. Two of these join into what knows all that
/// either knows; in which order, how often and where does not matter.
package struct LastUpdates: Hashable, Sendable, Codable {
    /// More of one second are not told apart: that second is then over.
    static let maximumCodes = 8

    /// What was signed before comes too late. In seconds since 1970.
    private(set) var time: UInt64
    /// The beginnings of the codes of those that were signed at this second, in order.
    private(set) var codes: [UInt64]

    private init(time: UInt64, codes: [UInt64]) {
        self.time = time
        self.codes = codes
    }

    init(_ signature: TSIG) { self.init(time: signature.time, codes: [Self.beginning(of: signature)]) }

    func joined(with other: LastUpdates) -> LastUpdates {
        guard time == other.time else { return time > other.time ? self : other }
        let all = Set(codes).union(other.codes).sorted()
        guard all.count <= Self.maximumCodes else { return LastUpdates(time: time &+ 1, codes: []) }
        return LastUpdates(time: time, codes: all)
    }

    /// Whether something that was signed later has been carried out.
    func overtakes(_ signature: TSIG) -> Bool { signature.time < time }

    /// Whether this very update has been carried out.
    func contains(_ signature: TSIG) -> Bool {
        signature.time == time && codes.contains(Self.beginning(of: signature))
    }

    /// Nobody without the key can make another message whose code begins so.
    private static func beginning(of signature: TSIG) -> UInt64 {
        signature.code.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// What joins two is above both: so registries that exchange the higher one come to have the same.
extension LastUpdates: Comparable {
    package static func < (left: LastUpdates, right: LastUpdates) -> Bool {
        if left.time != right.time { return left.time < right.time }
        if left.codes.count != right.codes.count { return left.codes.count < right.codes.count }
        return left.codes.lexicographicallyPrecedes(right.codes)
    }
}

extension LastUpdates? {
    func joined(with other: LastUpdates?) -> LastUpdates? {
        guard let self, let other else { return self ?? other }
        return self.joined(with: other)
    }
}

extension Registry {
    /// How long a removal is remembered where an update was carried out for the name: a signature holds for five
    /// minutes before and after its time, and another registry's clock may be five more behind.
    package static let updateMemory: Duration = .seconds(3 * Int64(TSIG.fudge))

    /// Remembers that an update has been carried out, here and, as its entry is told, everywhere.
    mutating func noteCarriedOut(_ signature: TSIG, for id: ServerID) {
        guard var entry = entries[id] else { return }
        entry.updates = entry.updates.joined(with: LastUpdates(signature))
        store(entry)
    }

    /// Takes over what another registry knows of a server's updates, whichever entry holds otherwise.
    mutating func learnUpdates(of entry: RegistryEntry) {
        guard var known = entries[entry.life.id] else { return }
        let joined = known.updates.joined(with: entry.updates)
        guard joined != known.updates else { return }
        known.updates = joined
        store(known)
    }

    /// Lets an entry that takes another's place know all updates that the other one knew of, and remember them as long.
    func keepUpdates(in entry: inout RegistryEntry, after old: RegistryEntry) {
        let joined = entry.updates.joined(with: old.updates)
        entry.updates = joined
        guard entry.record == nil, joined != nil else { return }
        let isNews = old.record != nil || old.updates != joined
        entry.end = max(entry.end, isNews ? latest + Self.updateMemory : old.end)
    }
}
