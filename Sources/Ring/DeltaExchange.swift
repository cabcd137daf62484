import Model

// How two servers of a large ring bring their rosters together: digests of ever smaller parts, until few entries are
// left of those that differ (after Merkle trees as Dynamo compares replicas by, DeCandia et al. 2007, §4.7). What they
// send is in proportion to what differs and not to what there is.
extension Ring {
    /// With so few entries on both sides a part is told and not divided further.
    private static let told = 32
    /// At most so many entries in one message.
    private static let page = 1_000

    var exchangesWhole: Bool { roster.count <= configuration.directSpreadLimit }

    /// Begins to compare rosters with a server; small ones are sent whole.
    mutating func sendRoster(to life: ServerLife, at endpoint: Endpoint) {
        if exchangesWhole { return send(.roster(roster, wantsAnswer: true), to: life, at: endpoint) }
        send(.digests(own, RosterRange.all.parts.map(roster.digest)), to: life, at: endpoint)
    }

    /// Sends the whole roster to one that has nothing to compare; a large one comes in pages, the last one as a roster.
    mutating func sendWholeRoster(to newcomer: RosterEntry) {
        let entries = roster.count > 4 * Ring.page ? roster.entries : []
        guard !entries.isEmpty else { return send(.roster(roster, wantsAnswer: false), to: newcomer) }
        var start = 0
        while entries.count - start > Ring.page {
            let page = Array(entries[start..<start + Ring.page])
            send(.part(page, of: [], wantsAnswer: false), to: newcomer)
            start += Ring.page
        }
        send(.roster(Roster(entries[start...]), wantsAnswer: false), to: newcomer)
    }

    mutating func receive(_ digests: [RangeDigest], _ entry: RosterEntry, from sender: ServerLife) {
        if entry.id == sender.id { learn([entry], from: sender, isDirect: false) }
        guard let peer = roster[sender.id] else { return }
        var finer: [RangeDigest] = []
        var ranges: [RosterRange] = []
        for theirs in digests {
            let mine = roster.digest(of: theirs.range)
            if mine.digest == theirs.digest { continue }
            let parts = theirs.range.parts
            if max(mine.count, theirs.count) <= Ring.told || parts.isEmpty {
                ranges.append(theirs.range)
            } else {
                finer += parts.map(roster.digest)
            }
        }
        if !finer.isEmpty { send(.digests(own, finer), to: sender, at: peer.peerEndpoint) }
        tell(ranges, to: sender, at: peer.peerEndpoint)
    }

    private mutating func tell(_ ranges: [RosterRange], to life: ServerLife, at endpoint: Endpoint) {
        var page: [RosterEntry] = []
        var pageRanges: [RosterRange] = []
        for range in ranges {
            page += roster.entries(in: range)
            pageRanges.append(range)
            guard page.count >= Ring.page || range == ranges.last else { continue }
            send(.part(page, of: pageRanges, wantsAnswer: true), to: life, at: endpoint)
            (page, pageRanges) = ([], [])
        }
    }

    mutating func receivePart(
        _ entries: [RosterEntry], of ranges: [RosterRange], from sender: ServerLife, wantsAnswer: Bool
    ) {
        let presentBefore = roster.presentCount
        learn(entries, from: sender, isDirect: false)
        if roster.presentCount > presentBefore + 1 { report(.merged(returned: roster.presentCount - presentBefore)) }
        guard wantsAnswer, let peer = roster[sender.id] else { return }
        let theirs = Dictionary(entries.map { ($0.id, $0.digest) }, uniquingKeysWith: { first, _ in first })
        let mine = ranges.flatMap(roster.entries).filter { theirs[$0.id] != $0.digest }
        if !mine.isEmpty { send(.part(mine, of: [], wantsAnswer: false), to: sender, at: peer.peerEndpoint) }
    }
}
