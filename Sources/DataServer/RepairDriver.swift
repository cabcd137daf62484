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
    /// Chunks this server answers for, and how many of them lack copies, as of the last pass.
    package private(set) var health = (answeredFor: 0, under: 0)
    package var healthChanged: @Loop () -> Void = {}
    /// Whether a whole pass under `placement` found every chunk in its place, or brought it there.
    package func isSettled(under placement: Placement) -> Bool { machine.isSettled(under: placement) }
    /// Whether the last whole pass found so, whatever a pass that runs now will find.
    package func wasSettled(under placement: Placement) -> Bool { machine.wasSettled(under: placement) }

    private static let questionDeadline = Duration.seconds(2)
    private static let pushDeadline = Duration.seconds(10)

    package init(
        own: ServerID, configuration: Repair.Configuration, chunks: any ChunkStore, metadata: any MetadataStore,
        client: ChunkClient, clock: any Clock, log: Logger, metrics: Metrics
    ) {
        machine = Repair(own: own, configuration: configuration)
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
        case .passEnded(let answeredFor, let under, let complete):
            if health != (answeredFor, under) {
                health = (answeredFor, under)
                healthChanged()
            }
            metrics.set(
                "rondo_chunks_under_replicated", "Chunks this server answers for that lack copies.", to: Double(under))
            log.debug("repair pass ended", ["chunks": answeredFor, "under": under, "complete": complete])
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
        var succeeded = false
        do {
            guard let length = chunks.length(of: hash) else { throw StoreError.missing }
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
        handle(.pushed(hash, to: target, succeeded: succeeded))
    }
}
