package import Model
internal import Placement
internal import Replication

/// Servers that keep music, as far as that is decided by chunks, references, leases and the catalogue's signs of life:
/// the machines `Repair` and `Freeing` of each, over a network that loses and delays, with disks that outlive their
/// servers or do not.
///
/// A chunk is its hash alone. Uploads and deletions follow the rules of `ChunkWriter`, `Uploads` and `CatalogueSync`.
/// Whoever likes may hold the token, several at a time: no song may depend on there being one.
package struct StorageWorld {
    /// A recording's sign of life with when and by whom it was written.
    struct Sign: Hashable, Comparable {
        var stamp: MonotonicTime
        var writer: ServerID
        var isAlive: Bool

        static func < (left: Sign, right: Sign) -> Bool {
            (left.stamp, left.writer) < (right.stamp, right.writer)
        }
    }

    /// A server, and what of it is on its disk.
    struct Server {
        let id: ServerID
        var role: Role
        var isUp = true
        /// How often it was started; what comes for an earlier life is dropped.
        var life = 0
        var startedAt = MonotonicTime.zero
        /// Which side of a partition it is on.
        var side = 0

        // On the disk.
        var chunks: Set<ContentHash> = []
        var references: [ContentHash: Set<Int>] = [:]
        var catalogue: [Int: Sign] = [:]

        // In memory.
        var leases: [ContentHash: MonotonicTime] = [:]
        var view: [ServerID: Role] = [:]
        var placement = Placement([])
        var placedAt = MonotonicTime.zero
        var repair: Repair
        var freeing: Freeing

        init(_ id: ServerID, _ role: Role) {
            self.id = id
            self.role = role
            repair = Repair(own: id)
            freeing = Freeing(own: id)
        }

        /// A recording that is alive and needs the chunk.
        func need(_ chunk: ContentHash, _ told: Set<Int> = []) -> Int? {
            told.union(references[chunk] ?? []).filter { catalogue[$0]?.isAlive ?? false }.min()
        }
    }

    /// What a song was when its uploader was told 201.
    struct Promise {
        var sign: Sign
        var replicas: Int
    }

    typealias Action = (inout StorageWorld) -> Void

    static let leaseTerm = Duration.seconds(60)
    static let replicas = 3

    package private(set) var now = MonotonicTime.zero
    /// What broke.
    package internal(set) var violations: [String] = []
    package internal(set) var acknowledged = 0
    package internal(set) var freed = 0
    var servers: [ServerID: Server] = [:]
    /// In the order of ids.
    let ids: [ServerID]
    /// The chunks of each recording; some are of several.
    var recordings: [[ContentHash]] = []
    var promises: [Int: Promise] = [:]
    /// The latest deletion of each recording that was tried.
    var deletions: [Int: Sign] = [:]
    /// Of messages, in percent.
    var loss = 2
    var generator: SeededGenerator
    /// What will happen when. Little happens in much time here: a heap is enough, and turns no empty pages.
    private var queue = KeyHeap()
    private var actions: [Int: Action] = [:]
    private var scheduled = 0

    /// - Parameter servers: 3 to 9, two of five of them Data servers.
    package init(servers count: Int, seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        var made: [Server] = []
        let target = RoleCounts.target(servers: count)
        for index in 0..<count {
            made.append(Server(.random(using: &generator), index < target.data ? .data : .router))
        }
        ids = made.map(\.id).sorted()
        for server in made { servers[server.id] = server }
        makeRecordings()
        for id in ids {
            follow(id)
            every(.seconds(2), id) { $0.fetch(id) }
        }
        passToken()
    }

    private mutating func makeRecordings() {
        let shared = (0..<2).map { _ in hash() }
        for _ in 0..<8 {
            var chunks = (0..<Int.random(in: 1...3, using: &generator)).map { _ in hash() }
            if Bool.random(using: &generator) { chunks.append(shared[Int.random(in: 0..<2, using: &generator)]) }
            recordings.append(chunks)
        }
    }

    private mutating func hash() -> ContentHash {
        ContentHash(words: [generator.next(), generator.next(), generator.next(), generator.next()])
    }

    // MARK: Time

    package mutating func run(for duration: Duration) {
        let end = now + duration
        while let key = queue.first, key.time <= end {
            _ = queue.removeFirst()
            now = key.time
            actions.removeValue(forKey: key.place)?(&self)
        }
        now = end
    }

    mutating func after(_ duration: Duration, _ action: @escaping Action) {
        scheduled += 1
        actions[scheduled] = action
        queue.insert(EventKey(time: now + duration, order: UInt64(scheduled), place: scheduled))
    }

    /// Does `action` again and again while the server is up.
    private mutating func every(_ interval: Duration, _ id: ServerID, _ action: @escaping Action) {
        after(milliseconds(0...Int(interval / .milliseconds(1))) + interval) { world in
            if world.servers[id]?.isUp == true { action(&world) }
            world.every(interval, id, action)
        }
    }

    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &generator))
    }

    mutating func percent(_ chance: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < chance }

    // MARK: Network

    func reaches(_ one: ServerID, _ other: ServerID) -> Bool {
        guard let one = servers[one], let other = servers[other] else { return false }
        return one.isUp && other.isUp && one.side == other.side
    }

    /// Asks `target`, which does `work` when the question comes; `reply` gets the answer, or nil at the deadline,
    /// unless the asker has died meanwhile.
    mutating func ask<Answer>(
        _ target: ServerID, by asker: ServerID, within limit: Duration,
        _ work: @escaping (inout StorageWorld) -> Answer?, _ reply: @escaping (inout StorageWorld, Answer?) -> Void
    ) {
        let life = servers[asker]?.life
        let (there, back) = (milliseconds(1...60), milliseconds(1...60))
        let (isLost, isAnswerLost) = (percent(loss), percent(loss))
        let deadline = now + limit
        let end: (inout StorageWorld, Answer?) -> Void = { world, answer in
            if let server = world.servers[asker], server.isUp, server.life == life { reply(&world, answer) }
        }
        after(there) { world in
            let answer = !isLost && world.reaches(asker, target) ? work(&world) : nil
            guard let answer, !isAnswerLost else {
                return world.after(deadline - world.now) { end(&$0, nil) }
            }
            world.after(back) { world in
                let arrives = world.reaches(asker, target)
                if arrives { return end(&world, answer) }
                world.after(max(.zero, deadline - world.now)) { end(&$0, nil) }
            }
        }
    }

    // MARK: Rosters

    /// Everybody learns, sooner or later, who can be reached and with which roles.
    mutating func liveSetChanged() {
        for id in ids {
            after(milliseconds(0...1_500)) { world in if world.servers[id]?.isUp == true { world.follow(id) } }
        }
    }

    mutating func follow(_ id: ServerID) {
        var view: [ServerID: Role] = [:]
        for other in ids where other == id || reaches(id, other) { view[other] = servers[other]?.role }
        guard view != servers[id]?.view else { return }
        servers[id]?.view = view
        let placement = Placement(view.keys.sorted().map { .init(id: $0, role: view[$0] ?? .data) })
        servers[id]?.placement = placement
        servers[id]?.placedAt = now
        deliver(.liveSetChanged(placement, notBefore: now), to: id)
    }

    func others(of id: ServerID) -> [ServerID] { (servers[id]?.view.keys.filter { $0 != id } ?? []).sorted() }

    // MARK: Deaths

    mutating func crash(_ id: ServerID, losingDisk: Bool) {
        servers[id]?.isUp = false
        servers[id]?.life += 1
        if losingDisk {
            servers[id]?.chunks = []
            servers[id]?.references = [:]
            servers[id]?.catalogue = [:]
        }
        liveSetChanged()
    }

    mutating func start(_ id: ServerID) {
        guard servers[id]?.isUp == false else { return }
        servers[id]?.isUp = true
        servers[id]?.startedAt = now
        servers[id]?.leases = [:]
        servers[id]?.view = [:]
        servers[id]?.repair = Repair(own: id)
        servers[id]?.freeing = Freeing(own: id)
        follow(id)
        liveSetChanged()
    }
}
