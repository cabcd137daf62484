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
        /// Copies it has still to make, and in how many seconds it will have.
        var moving: Int?
        var secondsLeft: Int?
        /// Whether it sends as many songs as it may.
        var isFull: Bool?
        /// Recordings that its listeners hear, where it was asked for them.
        var playing: [ContentHash]?
        /// Asks for `playing`.
        var wantsPlaying: Bool?

        /// Whether others are to hear of the change at once. How far copying has come, they ask.
        func isNews(after other: Summary?) -> Bool {
            guard let other else { return true }
            return (under, lostCount, lost, moving == 0, isFull ?? false) != (
                other.under, other.lostCount, other.lost, other.moving == 0, other.isFull ?? false
            )
        }
    }

    private let peers: Peers
    private let ring: any StorageRing
    private let interval: Duration
    private let clock: any Clock
    private let own: @Loop () -> Summary
    private let playing: @Loop () -> [ContentHash]
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
    ///   - playing: the recordings that listeners of this server hear.
    ///   - isLostHere: whether a song is among those that this server audits and found to lack a part.
    init(
        peers: Peers, ring: any StorageRing, clock: any Clock, interval: Duration = .seconds(2),
        own: @escaping @Loop () -> Summary, playing: @escaping @Loop () -> [ContentHash],
        isLostHere: @escaping @Loop (SongID) -> Bool
    ) {
        self.interval = interval
        self.isLostHere = isLostHere
        self.peers = peers
        self.ring = ring
        self.clock = clock
        self.own = own
        self.playing = playing
        peers.handle(.summary) { [weak self] request in
            guard let self else { return .failure(PeerRefusal(code: "stopping", message: "this server is stopping")) }
            let told = try? WireJSON.decode(Summary.self, from: request.header)
            take([request.from.life.id: told])
            var answer = self.own()
            if told?.wantsPlaying == true { answer.playing = self.playing() }
            return .success(PeerReply(header: WireJSON.encode(answer)))
        }
    }

    var under: Int { own().under + summaries.values.reduce(0) { $0 + $1.under } }
    var lost: Int { own().lostCount + summaries.values.reduce(0) { $0 + $1.lostCount } }

    var moving: Int { (own().moving ?? 0) + summaries.values.reduce(0) { $0 + ($1.moving ?? 0) } }
    /// Servers copy side by side, so the slowest of them is it.
    var secondsLeft: Int { max(own().secondsLeft ?? 0, summaries.values.reduce(0) { max($0, $1.secondsLeft ?? 0) }) }

    /// Whether a server, by what it said last, sends as many songs as it may.
    func isFull(_ server: ServerID) -> Bool { summaries[server]?.isFull ?? false }

    /// What listeners of all servers hear.
    func whatPlays() async -> Set<ContentHash> {
        var question = own()
        question.wantsPlaying = true
        let answers = await ask(ring.others, question)
        return answers.reduce(into: Set(playing())) { $0.formUnion($1?.playing ?? []) }
    }

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
        let isNews = mine.isNews(after: told)
        if isNews || moving > 0 { pace.hurry() }
        let asked = isNews ? ring.others : next(among: ring.others)
        told = mine
        let answers = await ask(asked, mine)
        if answers.contains(where: { $0 == nil }) { told = nil }
        take(Dictionary(zip(asked, answers)) { $1 })
    }

    /// - Returns: in the order of `servers`, nil for one that did not answer.
    private func ask(_ servers: [ServerID], _ question: Summary) async -> [Summary?] {
        let (peers, ring, clock) = (peers, ring, clock)
        let header = WireJSON.encode(question)
        return await Gather.all(servers) { server -> Summary? in
            guard let address = ring.address(of: server),
                let reply = try? await peers.request(
                    .summary, to: address, header: header, deadline: clock.now + .milliseconds(500))
            else { return nil }
            return try? WireJSON.decode(Summary.self, from: reply.header)
        }
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
        let before = (under, lost, moving)
        let present = Set(ring.others)
        for (server, answer) in answers { summaries[server] = answer ?? summaries[server] }
        summaries = summaries.filter { present.contains($0.key) }
        lostElsewhere = summaries.values.reduce(into: []) { $0.formUnion($1.lost) }
        if before != (under, lost, moving) { changed() }
    }
}
