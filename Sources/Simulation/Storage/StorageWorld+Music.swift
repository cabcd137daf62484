internal import Model
internal import Placement

// Uploads, deletions, the catalogue, and what was promised.
extension StorageWorld {
    /// One upload under way, with what became of it so far.
    private struct Upload {
        let recording: Int
        let router: ServerID
        var copies = Int.max
        var failed: Set<ServerID> = []
    }

    /// Some server's catalogue comes to another one.
    mutating func fetch(_ id: ServerID) {
        let others = others(of: id)
        guard !others.isEmpty else { return }
        let source = others[Int.random(in: 0..<others.count, using: &generator)]
        ask(source, by: id, within: .seconds(5), { $0.servers[source]?.catalogue }) { world, catalogue in
            for (recording, sign) in (catalogue ?? [:]).sorted(by: { $0.key < $1.key }) {
                world.learn(sign, of: recording, on: id)
            }
        }
    }

    private mutating func learn(_ sign: Sign, of recording: Int, on id: ServerID) {
        guard let known = servers[id]?.catalogue[recording], known > sign else {
            servers[id]?.catalogue[recording] = sign
            return
        }
    }

    /// Writes a sign here, and on others until three have it.
    private mutating func spread(
        _ isAlive: Bool, of recording: Int, by id: ServerID, _ done: @escaping (inout StorageWorld, Sign, Int) -> Void
    ) {
        let sign = Sign(stamp: now, writer: id, isAlive: isAlive)
        if !isAlive { deletions[recording] = max(deletions[recording] ?? sign, sign) }
        learn(sign, of: recording, on: id)
        let others = others(of: id)
        var open = others.count
        var disks = 1
        // All answers come to this one closure; what it counts is its own.
        let box = Counter()
        for other in others {
            ask(
                other, by: id, within: .seconds(1),
                { world in
                    world.learn(sign, of: recording, on: other)
                    return true
                },
                { world, taken in
                    box.open += 1
                    if taken == true { box.yes += 1 }
                    (open, disks) = (others.count - box.open, 1 + box.yes)
                    if open == 0 { done(&world, sign, disks) }
                })
        }
    }

    private final class Counter {
        var open = 0
        var yes = 0
    }

    mutating func delete(_ recording: Int, by id: ServerID) {
        guard let server = servers[id], server.isUp, server.view.count > 1,
            server.catalogue[recording]?.isAlive == true
        else { return }
        spread(false, of: recording, by: id) { _, _, _ in }
    }

    mutating func upload(_ recording: Int, by id: ServerID) {
        guard let server = servers[id], server.isUp, server.view.count > 1 else { return }
        let upload = Upload(recording: recording, router: id)
        guard server.catalogue[recording]?.isAlive == true else { return store(upload, recordings[recording]) }
        // It is here already: whoever holds it keeps it until this upload is over.
        let chunks = recordings[recording]
        let here = lease(chunks, on: id)
        let others = others(of: id)
        let answers = Answers(here)
        for other in others {
            ask(other, by: id, within: .seconds(1), { $0.lease(chunks, on: other) }) { world, held in
                answers.add(held, chunks.count)
                guard answers.count == others.count else { return }
                var known = upload
                known.copies = answers.copies
                if known.copies >= min(Self.replicas, others.count + 1) { return world.enter(known) }
                world.store(upload, chunks)
            }
        }
    }

    private final class Answers {
        private var held: [Int]
        private(set) var count = 0
        var copies: Int { held.min() ?? 0 }

        init(_ here: [Bool]) { held = here.map { $0 ? 1 : 0 } }

        func add(_ answer: [Bool]?, _ length: Int) {
            count += 1
            for (index, isHeld) in (answer ?? []).enumerated() where isHeld { held[index] += 1 }
        }
    }

    private mutating func store(_ upload: Upload, _ chunks: [ContentHash]) {
        guard let chunk = chunks.first else {
            // The last chunk may be a while before the entry.
            return after(milliseconds(0...3_000)) { $0.enter(upload) }
        }
        put(chunk, of: upload, holders: [], tried: []) { world, next in
            world.after(world.milliseconds(0...5_000)) { $0.store(next, Array(chunks.dropFirst())) }
        }
    }

    /// Stores one chunk where placement wants it, and on the next in line where one fails.
    private mutating func put(
        _ chunk: ContentHash, of upload: Upload, holders: Set<ServerID>, tried: Set<ServerID>,
        _ done: @escaping (inout StorageWorld, Upload) -> Void
    ) {
        guard let server = servers[upload.router], server.isUp else { return }
        let next = server.placement.order(of: chunk)
            .filter { !upload.failed.contains($0) && !tried.contains($0) }.prefix(Self.replicas - holders.count)
        guard !next.isEmpty else {
            var upload = upload
            upload.copies = min(upload.copies, holders.count)
            // Too few: the uploader is told so, and nothing more happens.
            if holders.count >= 2 { done(&self, upload) }
            return
        }
        let answers = PutAnswers(holders)
        for target in next {
            ask(
                target, by: upload.router, within: .seconds(1),
                { $0.put(chunk, for: [upload.recording], isUpload: true, on: target) }
            ) { world, stored in
                answers.add(target, stored == true)
                guard answers.count == next.count else { return }
                var upload = upload
                upload.failed.formUnion(answers.failed)
                world.put(chunk, of: upload, holders: answers.holders, tried: tried.union(next), done)
            }
        }
    }

    private final class PutAnswers {
        private(set) var holders: Set<ServerID>
        private(set) var failed: Set<ServerID> = []
        private(set) var count = 0

        init(_ holders: Set<ServerID>) { self.holders = holders }

        func add(_ id: ServerID, _ stored: Bool) {
            count += 1
            if stored { holders.insert(id) } else { failed.insert(id) }
        }
    }

    private mutating func enter(_ upload: Upload) {
        guard servers[upload.router]?.isUp == true else { return }
        spread(true, of: upload.recording, by: upload.router) { world, sign, disks in
            let replicas = min(upload.copies, disks, Self.replicas)
            guard replicas >= 2 else { return }
            world.acknowledged += 1
            if world.promises[upload.recording].map({ $0.sign < sign }) ?? true {
                world.promises[upload.recording] = Promise(sign: sign, replicas: replicas)
            }
        }
    }

    // MARK: Promises

    /// Whether this recording was acknowledged, and nobody has tried to delete it since.
    func mustExist(_ recording: Int) -> Bool {
        guard let promise = promises[recording] else { return false }
        return deletions[recording].map { $0 < promise.sign } ?? true
    }

    func isPromised(_ chunk: ContentHash) -> Bool {
        recordings.indices.contains { mustExist($0) && recordings[$0].contains(chunk) }
    }

    /// On how many disks it is, of servers up or down.
    func copies(of chunk: ContentHash) -> Int { servers.values.count { $0.chunks.contains(chunk) } }

    /// The least copies of any chunk, and of any entry, that was promised.
    var leastCopies: Int {
        let promised = recordings.indices.filter(mustExist)
        let chunks = promised.flatMap { recordings[$0] }.map(copies(of:)).min() ?? .max
        let entries =
            promised.map { recording in
                servers.values.count { $0.catalogue[recording]?.isAlive == true }
            }.min() ?? .max
        return min(chunks, entries)
    }
}
