internal import DataServer
internal import Model
internal import Peers
internal import Platform
internal import Wire

/// How well the music is kept, over all servers: each one answers for the chunks and songs that placement gives it.
///
/// What changed here is told to all, who answer with theirs; otherwise one server is asked at a time, so that a quiet
/// cluster says no more the more servers it has, and the longer it is quiet the less often.
@Loop
final class Health {
    /// One server's share.
    struct Summary: Codable, Hashable, Sendable {
        /// The most songs named in one summary.
        static let maximumLost = 1000

        /// Chunks it answers for that lack copies.
        var under: Int
        /// Songs it audits a part of which nobody holds.
        var lost: [SongID]
        var lostCount: Int
    }

    private let peers: Peers
    private let ring: any StorageRing
    private let interval: Duration
    private let clock: any Clock
    private let own: @Loop () -> Summary
    private let isLostHere: @Loop (SongID) -> Bool
    /// Named in the summaries of the others.
    private var lostElsewhere: Set<SongID> = []
    private var summaries: [ServerID: Summary] = [:]
    /// What all that are in `summaries` have been told.
    private var told: Summary?
    private var turn = 0
    private var pace = QuietPace()
    private var loop: Task<Void, Never>?
    /// Called when the figures are not what they were.
    var changed: @Loop () -> Void = {}

    /// - Parameters:
    ///   - own: this server's share.
    ///   - interval: between two rounds.
    ///   - isLostHere: whether a song is among those that this server audits and found to lack a part.
    init(
        peers: Peers, ring: any StorageRing, clock: any Clock, interval: Duration = .seconds(2),
        own: @escaping @Loop () -> Summary, isLostHere: @escaping @Loop (SongID) -> Bool
    ) {
        self.interval = interval
        self.isLostHere = isLostHere
        self.peers = peers
        self.ring = ring
        self.clock = clock
        self.own = own
        peers.handle(.summary) { [weak self] request in
            guard let self else { return .failure(PeerRefusal(code: "stopping", message: "this server is stopping")) }
            take([request.from.life.id: try? WireJSON.decode(Summary.self, from: request.header)])
            return .success(PeerReply(header: WireJSON.encode(self.own())))
        }
    }

    var under: Int { own().under + summaries.values.reduce(0) { $0 + $1.under } }
    var lost: Int { own().lostCount + summaries.values.reduce(0) { $0 + $1.lostCount } }

    func isLost(_ song: SongID) -> Bool { isLostHere(song) || lostElsewhere.contains(song) }

    func start() {
        loop = Loop.spawn("health") { [self] in
            while !Task.isCancelled {
                await ask()
                await clock.sleep(for: interval)
            }
        }
    }

    func stop() { loop?.cancel() }

    private func ask() async {
        let mine = own()
        if mine != told { pace.hurry() }
        let asked = mine == told ? next(among: ring.others) : ring.others
        told = mine
        let (peers, ring, clock) = (peers, ring, clock)
        let header = WireJSON.encode(mine)
        let answers = await Gather.all(asked) { server -> Summary? in
            guard let address = ring.address(of: server),
                let reply = try? await peers.request(
                    .summary, to: address, header: header, deadline: clock.now + .milliseconds(500))
            else { return nil }
            return try? WireJSON.decode(Summary.self, from: reply.header)
        }
        if answers.contains(where: { $0 == nil }) { told = nil }
        take(Dictionary(zip(asked, answers)) { $1 })
    }

    /// Those of whom nothing is known, and of the others the one whose turn it is.
    private func next(among servers: [ServerID]) -> [ServerID] {
        let unknown = servers.filter { summaries[$0] == nil }
        if !unknown.isEmpty { pace.hurry() }
        guard pace.isDue(), !servers.isEmpty else { return unknown }
        turn = (turn + 1) % servers.count
        let one = servers[turn]
        return servers.filter { summaries[$0] == nil || $0 == one }
    }

    /// Who did not answer now answered before, or is found dead before long.
    private func take(_ answers: [ServerID: Summary?]) {
        let before = (under, lost)
        let present = Set(ring.others)
        for (server, answer) in answers { summaries[server] = answer ?? summaries[server] }
        summaries = summaries.filter { present.contains($0.key) }
        lostElsewhere = summaries.values.reduce(into: []) { $0.formUnion($1.lost) }
        if before != (under, lost) { changed() }
    }
}
