internal import Catalogue
package import Model
package import Peers
package import Platform
internal import Wire

/// Keeps this server's catalogue equal to the others': sends its own changes to all, takes theirs, and fetches what it
/// missed.
///
/// Every change is a record of an outbox (transactional with the change itself), numbered per origin without gaps.
/// Records are pushed at once, so that an upload is known everywhere when it is acknowledged; and every server asks one
/// other after the other, by version vector, for what it lacks, so that nothing depends on a push that was lost. Who is
/// asked sees what it lacks itself, and fetches that. While nothing differs, servers ask less and less often.
@Loop
package final class CatalogueSync {
    struct Fetch: Codable {
        var vector: VersionVector
        /// The most records to answer with; nil for a page.
        var limit: Int?
    }

    /// Records in one message; a record is about 500 bytes.
    private static let pageLength = 500
    /// Records in the first answer, which is small enough for a control link: mostly there are none, and no link for
    /// bulk is needed.
    private static let firstLength = 16
    /// How long a server is waited for before its copy is left to the fetches (the spec, §5).
    private static let patience = Duration.seconds(1)
    private static let fetchDeadline = Duration.seconds(5)
    /// A server that wakes this much too late was stopped, and changes may have passed it by.
    private static let longestDelay = Duration.seconds(1)

    private let metadata: any MetadataStore
    private let peers: Peers
    private let ring: any StorageRing
    private let clock: any Clock
    private let log: Logger
    private let interval: Duration
    private let wake: Wake
    private var pace = QuietPace()
    /// The others as they were at the last turn.
    private var members: Set<ServerID> = []
    /// Who has come since, or come back, and has not been asked yet: it may know what nobody here does.
    private var newcomers: [ServerID] = []
    private var hybrid: HybridClock
    private var loop: Task<Void, Never>?
    private var round = 0
    private var fetches: [ServerID: Task<Void, Never>] = [:]
    /// Called after the catalogue has changed, here or by another server's doing.
    package var changed: @Loop () -> Void = {}
    /// Whether everything is known here that was known when this server started, or came back from a pause: to one
    /// who was caught up then, or else to all the others.
    package private(set) var isCaughtUp = false { didSet { if isCaughtUp, !oldValue { becameCaughtUp() } } }
    package var becameCaughtUp: @Loop () -> Void = {}
    private var askedAtOnce = 1
    private static let maximumAtOnce = 16
    /// The others that were asked since then, whether or not they answered.
    private var asked: Set<ServerID> = []

    /// - Parameter interval: between two turns.
    /// - Throws: `StoreError` when the catalogue cannot be read.
    package init(
        metadata: any MetadataStore, peers: Peers, ring: any StorageRing, clock: any Clock, log: Logger,
        interval: Duration = .seconds(2)
    ) async throws(StoreError) {
        self.interval = interval
        self.metadata = metadata
        self.peers = peers
        self.ring = ring
        self.clock = clock
        wake = Wake(clock: clock)
        self.log = log
        hybrid = HybridClock(writer: ring.own, highest: try await metadata.highestStamp())
        peers.handle(.catalogueAppend) { [self] in await append($0) }
        peers.handle(.catalogueFetch) { [self] in await fetch($0) }
    }

    /// A stamp above all that were made or seen here.
    package func stamp() -> Stamp { hybrid.stamp(wallMs: clock.wallMs) }

    package func start() {
        loop = Loop.spawn("catalogue.sync") { [self] in
            while !Task.isCancelled {
                welcome()
                if isDue { await fetchFromNext() }
                let next = clock.now + pause
                await wake.wait(until: next)
                if clock.now > next + Self.longestDelay { doubt() }
            }
        }
    }

    package func stop() {
        loop?.cancel()
        wake.wake()
    }

    /// Who has just come is asked at once: where two parts of a ring meet, their catalogues do.
    package func liveSetChanged() { wake.wake() }

    private func welcome() {
        let present = Set(ring.others)
        guard present != members else { return }
        // In no order, so that many who meet the same newcomers do not all ask the same one.
        newcomers = (newcomers.filter(present.contains) + present.subtracting(members)).shuffled()
        members = present
        pace.hurry()
    }

    private var pause: Duration {
        if !isCaughtUp { return .milliseconds(20) }
        return newcomers.isEmpty ? interval : .milliseconds(100)
    }

    /// Whether somebody is to be asked at this turn.
    private var isDue: Bool {
        if !isCaughtUp || !newcomers.isEmpty { pace.hurry() }
        return pace.isDue()
    }

    private func doubt() {
        isCaughtUp = false
        asked = []
    }

    /// Sends changes made here, in one transaction, to all others.
    /// - Parameter records: few enough for one message (`LogCodec.encode`).
    /// - Returns: on how many disks it is, this one's included, once that is `wanted`, or all have answered or had
    ///   their time.
    package func spread(_ records: [LogRecord], wanted: Int) async -> Int {
        pace.hurry()
        changed()
        let others = ring.others
        guard !others.isEmpty, wanted > 1 else { return 1 }
        let count = AckCount(wanted: min(wanted, others.count + 1) - 1, of: others.count)
        let body = LogCodec.encode(records)
        for other in others {
            Loop.spawn("catalogue.push") { [self] in
                let acknowledged = await push(body, to: other)
                count.answered(acknowledged)
            }
        }
        return await 1 + count.wait()
    }

    private func push(_ body: [UInt8], to server: ServerID) async -> Bool {
        guard let address = ring.address(of: server) else { return false }
        do {
            _ = try await peers.request(
                .catalogueAppend, to: address, body: body, deadline: clock.now + Self.patience)
            return true
        } catch {
            log.debug("a server did not take a change", ["peer": server.short, "error": "\(error)"])
            return false
        }
    }

    private func append(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let records = try LogCodec.decode(request.body).records
            var vector = try await take(records)
            // One before it is missing, and the sender has it. A fetch under way may have asked before it was there.
            for _ in 0..<2 where !Self.hasAll(records, vector) {
                await catchUp(with: request.from.life.id)
                vector = try await metadata.vector()
            }
            guard Self.hasAll(records, vector) else {
                return .failure(PeerRefusal(code: "gap", message: "an earlier change is missing here"))
            }
            return .success(PeerReply())
        } catch {
            return .failure(PeerRefusal(code: "failed", message: "\(error)"))
        }
    }

    private static func hasAll(_ records: [LogRecord], _ vector: VersionVector) -> Bool {
        records.allSatisfy { vector[$0.origin] >= $0.sequence }
    }

    private func take(_ records: [LogRecord]) async throws(StoreError) -> VersionVector {
        for record in records { hybrid.observe(record.change.highestStamp) }
        let vector = try await metadata.apply(records)
        if !records.isEmpty {
            pace.hurry()
            changed()
        }
        return vector
    }

    private func fetch(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(Fetch.self, from: request.header)
            let limit = min(max(1, message.limit ?? Self.pageLength), Self.pageLength)
            let records = try await metadata.records(after: message.vector, limit: limit)
            let own = try await metadata.vector()
            if !own.covers(message.vector) {
                let asker = request.from.life.id
                Loop.spawn("catalogue.return") { [self] in await catchUp(with: asker) }
            }
            return .success(PeerReply(body: LogCodec.encode(records, isCaughtUp: isCaughtUp)))
        } catch {
            return .failure(PeerRefusal(code: "failed", message: "\(error)"))
        }
    }

    /// Asks one other; as long as none of them was caught up, twice as many each time, so that all of a large cluster
    /// that has just been started are soon asked.
    private func fetchFromNext() async {
        let others = ring.others
        guard !others.isEmpty else {
            isCaughtUp = isCaughtUp || ring.isAlone
            return
        }
        var next: [ServerID] = []
        for _ in 0..<(isCaughtUp ? 1 : min(askedAtOnce, others.count)) {
            round += 1
            next.append(newcomers.popLast() ?? others[round % others.count])
        }
        askedAtOnce = isCaughtUp ? 1 : min(askedAtOnce * 2, Self.maximumAtOnce)
        _ = await Gather.all(next) { [self] in await catchUp(with: $0) }
        asked.formUnion(next)
        if asked.isSuperset(of: others) { isCaughtUp = true }
    }

    /// Fetches all that is missing from `server`, once at a time, however many changes showed that something is.
    private func catchUp(with server: ServerID) async {
        if let running = fetches[server] { return await running.value }
        let task = Loop.spawn("catalogue.fetch") { [self] in
            await fetchAll(from: server)
            fetches[server] = nil
        }
        fetches[server] = task
        await task.value
    }

    private func fetchAll(from server: ServerID) async {
        guard let address = ring.address(of: server) else { return }
        do {
            var isFirst = true
            while true {
                let known = try await metadata.vector()
                let header = WireJSON.encode(Fetch(vector: known, limit: isFirst ? Self.firstLength : nil))
                let reply = try await peers.request(
                    .catalogueFetch, to: address, over: isFirst ? .control : .bulk, header: header,
                    deadline: clock.now + Self.fetchDeadline)
                isFirst = false
                let answer = try LogCodec.decode(reply.body)
                // An answer that brings nothing on would bring nothing on for ever.
                guard !answer.records.isEmpty, try await take(answer.records) != known else {
                    isCaughtUp = isCaughtUp || answer.isCaughtUp
                    return
                }
            }
        } catch {
            log.debug("a catalogue could not be fetched", ["peer": server.short, "error": "\(error)"])
        }
    }
}

/// Waits until enough of those who were asked have said yes, or all have answered.
@Loop
private final class AckCount {
    private let wanted: Int
    private var open: Int
    private var yes = 0
    private var continuation: CheckedContinuation<Void, Never>?

    init(wanted: Int, of all: Int) {
        self.wanted = wanted
        open = all
    }

    func answered(_ acknowledged: Bool) {
        open -= 1
        if acknowledged { yes += 1 }
        if yes >= wanted || open == 0 {
            continuation?.resume()
            continuation = nil
        }
    }

    func wait() async -> Int {
        if yes < wanted, open > 0 { await withCheckedContinuation { continuation = $0 } }
        return yes
    }
}
