package import Model
internal import Peers
package import Platform
package import Placement
package import Replication

/// Lets the `Repair` machine act: lists, asks, pushes, and keeps its timer.
@Loop
package final class RepairDriver {
    private var machine: Repair
    private let chunks: any ChunkStore
    private let metadata: any MetadataStore
    private let client: ChunkClient
    private let clock: any Clock
    private let log: Logger
    private let metrics: Metrics
    private var timer: (any TimerHandle)?
    private var isStopped = false
    private var progress: CopyProgress
    /// How many of the chunks this server answers for lack copies, as of the last pass or the one that runs.
    package private(set) var under = 0
    /// How many copies this server has still to make, and in how many seconds it will have.
    package var left: (copies: Int, seconds: Int) {
        (progress.copiesLeft, progress.secondsLeft(at: clock.now))
    }
    /// What is being played anywhere: recordings by the SHA-256 of their originals.
    package var playing: @Loop () async -> Set<ContentHash> = { [] }
    package var healthChanged: @Loop () -> Void = {}
    /// Called with the copies that this server has to make, when a pass has planned some, and with 0 once they are
    /// made.
    package var copiesChanged: @Loop (Int) -> Void = { _ in }
    /// Whether a whole pass under `placement` found every chunk in its place, or brought it there.
    package func isSettled(under placement: Placement) -> Bool { machine.isSettled(under: placement) }
    /// Whether the last whole pass found so, whatever a pass that runs now will find.
    package func wasSettled(under placement: Placement) -> Bool { machine.wasSettled(under: placement) }

    private static let questionDeadline = Duration.seconds(2)
    private static let pushDeadline = Duration.seconds(10)
    private static let lookedUpAtOnce = 256

    /// - Parameter rate: bytes a second that are sent at most; 0 is no bound.
    package init(
        own: ServerID, configuration: Repair.Configuration, rate: Int64, chunks: any ChunkStore,
        metadata: any MetadataStore, client: ChunkClient, clock: any Clock, log: Logger, metrics: Metrics
    ) {
        machine = Repair(own: own, configuration: configuration)
        progress = CopyProgress(rate: rate)
        self.chunks = chunks
        self.metadata = metadata
        self.client = client
        self.clock = clock
        self.log = log
        self.metrics = metrics
    }

    /// - Parameter notBefore: when the rest after a merge is over.
    package func liveSetChanged(_ placement: Placement, notBefore: MonotonicTime) {
        handle(.liveSetChanged(placement, notBefore: notBefore))
    }

    package func stop() {
        isStopped = true
        timer?.cancel()
    }

    private func handle(_ event: Repair.Event) {
        guard !isStopped else { return }
        var effects: [Repair.Effect] = []
        machine.handle(event, at: clock.now, into: &effects)
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: Repair.Effect) {
        switch effect {
        case .setTimer(let time, let generation):
            timer?.cancel()
            timer = clock.schedule(at: time) { [weak self] in self?.handle(.timerFired(generation: generation)) }
        case .listChunks:
            Loop.spawn("repair.list") { [self] in handle(.chunksListed(chunks.inventory())) }
        case .ask(let question, let server, let hashes):
            Loop.spawn("repair.ask") { [self] in
                let held = await held(hashes, by: server)
                handle(.answered(question: question, held: held))
            }
        case .push(let hash, let target):
            Loop.spawn("repair.push") { [self] in await push(hash, to: target) }
        case .planned(let chunks, let under):
            progress.begin(chunks.map { self.chunks.length(of: $0) ?? 0 }, at: clock.now)
            note(under: under)
            copiesChanged(chunks.count)
            Loop.spawn("repair.prefer") { [self] in await prefer(Array(Set(chunks))) }
        case .passEnded(let answeredFor, let under, let complete):
            progress.end()
            note(under: under)
            copiesChanged(0)
            log.debug("repair pass ended", ["chunks": answeredFor, "under": under, "complete": complete])
        }
    }

    private func note(under: Int) {
        let isNews = under != self.under
        self.under = under
        metrics.set(
            "rondo_chunks_under_replicated", "Chunks this server answers for that lack copies.", to: Double(under))
        noteLeft()
        if isNews { healthChanged() }
    }

    private func noteLeft() {
        metrics.set(
            "rondo_repair_copies_left", "Copies of chunks that this server has still to make.", to: Double(left.copies))
        metrics.set(
            "rondo_repair_seconds_left", "How long the copies that are left will take, by how fast they went so far.",
            to: Double(left.seconds))
    }

    /// Puts the chunks of what is playing before others.
    private func prefer(_ chunks: [ContentHash]) async {
        let playing = await playing()
        guard !playing.isEmpty else { return }
        do throws(StoreError) {
            var preferred: Set<ContentHash> = []
            for start in stride(from: 0, to: chunks.count, by: Self.lookedUpAtOnce) {
                let part = Array(chunks[start..<min(start + Self.lookedUpAtOnce, chunks.count)])
                for reference in try await metadata.references(of: part) where playing.contains(reference.recording) {
                    preferred.insert(reference.chunk)
                }
            }
            if !preferred.isEmpty { handle(.preferred(preferred)) }
        } catch {
            log.debug("it is not known what the chunks to be copied belong to", ["error": "\(error)"])
        }
    }

    private func held(_ hashes: [ContentHash], by server: ServerID) async -> [Bool]? {
        do {
            let references = try await metadata.references(of: hashes)
            return try await client.have(
                hashes, for: Array(references.prefix(ChunkMessage.Need.maximumReferences)), at: server,
                deadline: clock.now + Self.questionDeadline)
        } catch {
            log.debug("a server did not say what it holds", ["peer": server.short, "error": "\(error)"])
            return nil
        }
    }

    /// Whether nobody needs the chunk any more: then it is about to be freed, and a copy that was freed already must
    /// not come back. One with a lease may belong to a song that is just being uploaded, or is not known here yet.
    private func isOver(_ hash: ContentHash, _ references: [ChunkReference]) async throws(StoreError) -> Bool {
        guard !references.isEmpty, !chunks.isLeased(hash) else { return false }
        return try await metadata.needed(references).isEmpty
    }

    private func push(_ hash: ContentHash, to target: ServerID) async {
        let length = chunks.length(of: hash) ?? 0
        await clock.sleep(until: progress.take(length, at: clock.now))
        guard !isStopped else { return }
        var succeeded = false
        do {
            guard length > 0 else { throw StoreError.missing }
            let references = try await metadata.references(of: [hash])
            if try await isOver(hash, references) {
                succeeded = true
            } else {
                let bytes = try await chunks.read(hash, offset: 0, length: length)
                try await client.put(
                    hash, bytes, for: references.map(\.recording), isUpload: false, to: target,
                    deadline: clock.now + Self.pushDeadline)
                metrics.count("rondo_chunks_repaired_total", "Chunks copied to servers that lacked them.")
                succeeded = true
            }
        } catch {
            log.warning("a chunk could not be copied", ["target": target.short, "error": "\(error)"])
            // The other side says that our bytes are wrong: our copy is, or it would have taken it.
            if case PeerError.refused(code: "corrupt", message: _) = error {
                do { try await chunks.verify(hash) } catch {
                    log.warning("a damaged chunk was set aside", ["error": "\(error)"])
                }
            }
        }
        progress.finished(length)
        noteLeft()
        handle(.pushed(hash, to: target, succeeded: succeeded))
    }
}
