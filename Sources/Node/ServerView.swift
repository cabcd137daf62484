internal import HTTP
internal import Model
internal import Platform
internal import Ring
internal import RouterServer

/// What one server shows of the cluster and of itself: the body of `/api/v1/cluster`, readiness, metrics.
@Loop
final class ServerView: ClusterView {
    /// What is shown, as it is now.
    struct Sources {
        var ring: Ring?
        var own: ServerID
        var replication: ClusterStatus.Replication
        var bytes: Int64
        var isCaughtUp: Bool
        var load: ClusterStatus.Load
    }

    let changes: ChangeSignal
    let events: RingEvents
    /// Whether a registry has given this server a lease.
    var hasLease = false { didSet { if hasLease != oldValue { changed() } } }
    /// Whether there is a registry to have a lease of.
    var needsLease = true
    var isLeaving = false { didSet { changed() } }
    /// Whether a server, nil for this one, sends as many songs as it may.
    var isFull: @Loop (ServerID?) -> Bool = { _ in false }
    /// Songs in this server's catalogue.
    var songs = 0
    private var served: (version: UInt64, serves: Bool)?
    private let metrics: Metrics
    private let process: ClusterStatus.Process
    private let sources: @Loop () -> Sources

    init(
        own: ServerID, process: ServerConfiguration.Process, clock: any Clock, metrics: Metrics,
        sources: @escaping @Loop () -> Sources
    ) {
        self.metrics = metrics
        self.sources = sources
        self.process = ClusterStatus.Process(
            pid: process.pid, startedAt: CalendarDate(wallMs: clock.wallMs).iso8601, version: process.version)
        changes = ChangeSignal(clock: clock)
        events = RingEvents(own: own, clock: clock)
        events.noted = { [weak self] in self?.changed() }
    }

    func changed() { changes.changed() }

    var metricsText: String { metrics.text }

    var status: ClusterStatus {
        let now = sources()
        guard let ring = now.ring else {
            return ClusterStatus(
                self: now.own, epoch: 0, members: [], counts: RoleCounts(), replication: now.replication, songs: songs,
                bytes: now.bytes, process: process, load: now.load)
        }
        let present = ring.roster.present
        return ClusterStatus(
            self: now.own, epoch: ring.epoch.counter,
            members: present.map { Self.member($0, in: ring) }, counts: ring.roster.counts,
            replication: now.replication, songs: songs, bytes: now.bytes, process: process, load: now.load)
    }

    var goneHosts: [String] {
        (sources().ring?.roster.gone ?? []).flatMap { ["\($0.host):\($0.httpPort)", $0.publicAddress] }
    }

    private static func member(_ entry: RosterEntry, in ring: Ring) -> ClusterStatus.Member {
        let isSuspect = ring.suspects.contains(entry.id)
        let links = Links(of: entry.id, in: ring.roster, passingOver: ring.suspects)
        return ClusterStatus.Member(
            id: entry.id, address: entry.host, role: entry.role,
            state: isSuspect ? "suspect" : entry.leaving ? "leaving" : entry.state.rawValue,
            incarnation: entry.incarnation, predecessor: isSuspect ? nil : links.predecessor?.id,
            successors: isSuspect ? [] : links.observed.map(\.id), publicHttp: entry.publicAddress,
            httpPort: entry.httpPort, peerPort: entry.peerPort)
    }

    /// Asked for with each request, and other only where the roster is.
    var servesListeners: Bool {
        if let known = served, known.version == changes.version { return known.serves }
        let serves = servesNow
        served = (changes.version, serves)
        return serves
    }

    private var servesNow: Bool {
        guard let ring = sources().ring, let own = ring.roster[sources().own] else { return false }
        // Where no Router lives, at the start or until a switch, whoever is asked answers.
        return own.role == .router
            || !ring.roster.present.contains { $0.role == .router && !ring.suspects.contains($0.id) }
    }

    var knowsAllSongs: Bool { sources().isCaughtUp }

    var unreadiness: [String] {
        let now = sources()
        var reasons: [String] = []
        if isLeaving { reasons.append("leaving") }
        if !hasLease, needsLease { reasons.append("no registry has given a lease yet") }
        if now.ring?.hasJoined != true { reasons.append("not in the ring yet") }
        if !now.isCaughtUp { reasons.append("the catalogue is being fetched") }
        return reasons
    }

    func otherRouters(forHost host: String?) -> [String] { addresses(of: others, forHost: host) }

    var hasRoom: Bool { !isFull(nil) }

    func routersWithRoom(forHost host: String?) -> [String] {
        addresses(of: others.filter { !isFull($0.id) }, forHost: host)
    }

    private var others: [RosterEntry] {
        guard let ring = sources().ring else { return [] }
        let own = sources().own
        return ring.roster.present
            .filter { $0.role == .router && $0.id != own && !$0.leaving && !ring.suspects.contains($0.id) }
    }

    /// As whoever asked for this host reaches them, in random order: inside the cluster's own network by their own
    /// addresses.
    private func addresses(of routers: [RosterEntry], forHost host: String?) -> [String] {
        let own = sources().ring?.roster[sources().own]
        let isInside = host.flatMap { $0.split(separator: ":").first } == own.map { "\($0.host)"[...] }
        return routers.map { isInside ? $0.httpEndpoint.description : $0.publicAddress }.shuffled()
    }
}

extension RosterEntry {
    /// `HOST:PORT` as listeners are told it.
    var publicAddress: String { publicHttp ?? httpEndpoint.description }
}
