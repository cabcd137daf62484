package import Model
internal import Peers
package import Platform
package import Replication
package import Ring

/// Lets the `Freeing` machine act while this server holds the ring's token.
@Loop
package final class FreeingDriver {
    private var machine: Freeing
    private let chunks: any ChunkStore
    private let metadata: any MetadataStore
    private let client: ChunkClient
    private let clock: any Clock
    private let log: Logger
    private let metrics: Metrics
    private var token: TokenMark?
    /// What this server knows of the chunks it asks about now.
    private var references: [ChunkReference] = []
    private var isStopped = false
    /// Called after chunks have gone from this disk.
    package var freed: @Loop () -> Void = {}

    private static let questionDeadline = Duration.seconds(2)

    package init(
        own: ServerID, configuration: Freeing.Configuration, chunks: any ChunkStore, metadata: any MetadataStore,
        client: ChunkClient, clock: any Clock, log: Logger, metrics: Metrics
    ) {
        machine = Freeing(own: own, configuration: configuration)
        self.chunks = chunks
        self.metadata = metadata
        self.client = client
        self.clock = clock
        self.log = log
        self.metrics = metrics
    }

    /// - Parameter isSettled: whether every chunk of this disk is in its place, and the placement has been the same for
    ///   a while.
    package func tokenTaken(_ token: TokenMark, in ring: any StorageRing, isSettled: Bool) {
        self.token = token
        handle(
            .tokenTaken(ring.placement, others: ring.others, isWhole: ring.isWhole, isSettled: isSettled))
    }

    package func tokenLost() {
        guard token != nil else { return }
        token = nil
        handle(.tokenLost)
    }

    package func stop() {
        isStopped = true
        tokenLost()
    }

    private func handle(_ event: Freeing.Event) {
        var effects: [Freeing.Effect] = []
        machine.handle(event, into: &effects)
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: Freeing.Effect) {
        guard !isStopped else { return }
        switch effect {
        case .list(let after, let limit): Loop.spawn("freeing.list") { [self] in await list(after, limit) }
        case .askNeed(let question, let server, let hashes):
            Loop.spawn("freeing.need") { [self] in
                guard let token else { return }
                let known = references.filter { hashes.contains($0.chunk) }
                let needed = try? await client.need(
                    hashes, known, under: token, at: server, deadline: clock.now + Self.questionDeadline)
                await adopt(needed ?? [], of: hashes)
                handle(.answered(question: question, needed?.map { $0 != nil }))
            }
        case .askReceipt(let question, let server, let hashes):
            Loop.spawn("freeing.receipt") { [self] in
                guard let token else { return }
                let held = try? await client.receipt(
                    hashes, under: token, at: server, deadline: clock.now + Self.questionDeadline)
                handle(.answered(question: question, held))
            }
        case .remove(let hash): Loop.spawn("freeing.remove") { [self] in await remove(hash) }
        case .ended(let count):
            guard count > 0 else { return }
            log.info("chunks freed", ["chunks": count])
            freed()
        }
    }

    private func list(_ after: ContentHash?, _ limit: Int) async {
        do throws(StoreError) {
            let listed = try await metadata.chunks(after: after, limit: limit)
            let (held, gone) = (
                listed.filter { chunks.length(of: $0.chunk) != nil },
                listed.filter { chunks.length(of: $0.chunk) == nil }
            )
            let free = held.filter { !chunks.isLeased($0.chunk) }
            references = try await metadata.references(of: free.filter { !$0.isNeeded }.map(\.chunk))
            try await forget(gone.map(\.chunk))
            handle(
                .listed(
                    free.map { Freeing.Listed($0.chunk, isNeeded: $0.isNeeded) },
                    end: listed.count < limit ? nil : listed.last?.chunk))
        } catch {
            log.warning("what may be freed could not be listed", ["error": "\(error)"])
        }
    }

    /// A song that needs a chunk of this disk was not known to: from now on it is, and the copy may turn out to be one
    /// too many.
    private func adopt(_ recordings: [ContentHash?], of hashes: [ContentHash]) async {
        let learnt = zip(hashes, recordings).compactMap { hash, recording in
            recording.map { ChunkReference(chunk: hash, recording: $0) }
        }
        do throws(StoreError) {
            try await metadata.refer(learnt)
        } catch {
            log.warning("why a chunk is needed could not be noted", ["error": "\(error)"])
        }
    }

    private func forget(_ hashes: [ContentHash]) async throws(StoreError) {
        guard !hashes.isEmpty else { return }
        let chunks = chunks
        try await metadata.forget(hashes) { chunks.isLeased($0) || chunks.length(of: $0) != nil }
    }

    private func remove(_ hash: ContentHash) async {
        let length = chunks.length(of: hash) ?? 0
        var isRemoved = false
        do throws(StoreError) {
            isRemoved = try await chunks.remove(hash)
            if isRemoved {
                metrics.count("rondo_chunks_freed_total", "Chunks removed because nobody needed them here.")
                metrics.count("rondo_chunk_bytes_freed_total", "Bytes of chunks removed.", by: Double(length))
                try await forget([hash])
            }
        } catch {
            log.warning("a chunk could not be freed", ["error": "\(error)"])
        }
        handle(.removed(hash, succeeded: isRemoved))
    }
}
