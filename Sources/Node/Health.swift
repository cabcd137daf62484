internal import DataServer
internal import Model
internal import Peers
internal import Platform
internal import Wire

/// How well the music is kept, over all servers: each one answers for the chunks and songs that placement gives it.
@Loop
final class Health {
    /// One server's share.
    struct Summary: Codable, Sendable {
        /// The most songs named in one summary.
        static let maximumLost = 1000

        /// Chunks it answers for that lack copies.
        var under: Int
        /// Songs it audits a part of which nobody holds.
        var lost: [SongID]
        var lostCount: Int
    }

    private let peers: Peers
    private let ring: ServerRing
    private let clock: any Clock
    private let own: @Loop () -> Summary
    private let isLostHere: @Loop (SongID) -> Bool
    /// Named in the summaries of the others.
    private var lostElsewhere: Set<SongID> = []
    private var summaries: [ServerID: Summary] = [:]
    private var loop: Task<Void, Never>?
    /// Called when the figures are not what they were.
    var changed: @Loop () -> Void = {}

    private static let interval = Duration.seconds(2)

    /// - Parameters:
    ///   - own: this server's share.
    ///   - isLostHere: whether a song is among those that this server audits and found to lack a part.
    init(
        peers: Peers, ring: ServerRing, clock: any Clock, own: @escaping @Loop () -> Summary,
        isLostHere: @escaping @Loop (SongID) -> Bool
    ) {
        self.isLostHere = isLostHere
        self.peers = peers
        self.ring = ring
        self.clock = clock
        self.own = own
        peers.handle(.summary) { [weak self] _ in
            guard let self else { return .failure(PeerRefusal(code: "stopping", message: "this server is stopping")) }
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
                await clock.sleep(for: Self.interval)
            }
        }
    }

    func stop() { loop?.cancel() }

    private func ask() async {
        let (peers, ring, clock) = (peers, ring, clock)
        let servers = ring.others
        let answers = await Gather.all(servers) { server -> Summary? in
            guard let address = ring.address(of: server),
                let reply = try? await peers.request(
                    .summary, to: address, deadline: clock.now + .milliseconds(500))
            else { return nil }
            return try? WireJSON.decode(Summary.self, from: reply.header)
        }
        let before = (under, lost)
        var next: [ServerID: Summary] = [:]
        for (server, answer) in zip(servers, answers) {
            // Who does not answer now answered last time, or is found dead before long.
            next[server] = answer ?? summaries[server]
        }
        summaries = next
        lostElsewhere = next.values.reduce(into: []) { $0.formUnion($1.lost) }
        if before != (under, lost) { changed() }
    }
}
