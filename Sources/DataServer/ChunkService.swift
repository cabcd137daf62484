package import Model
package import Peers
package import Platform
package import Ring
internal import Wire

/// Answers other servers' requests for chunks: whatever this server's role, it keeps what it is sent and serves what it
/// holds.
@Loop
package final class ChunkService {
    private let chunks: any ChunkStore
    private let metadata: any MetadataStore
    private let log: Logger
    private let metrics: Metrics

    /// Called after a chunk has been stored here.
    package var stored: @Loop () -> Void = {}
    /// Called with the hash and the length of a chunk that turned out to be damaged here.
    package var damaged: @Loop (ContentHash, Int) -> Void = { _, _ in }
    /// Whether a later token of the ring is known here than this one.
    package var isOver: @Loop (TokenMark) -> Bool = { _ in false }

    /// The longest answer to one read: four blocks.
    package static let maximumRead = 256 << 10

    package init(chunks: any ChunkStore, metadata: any MetadataStore, log: Logger, metrics: Metrics) {
        self.chunks = chunks
        self.metadata = metadata
        self.log = log
        self.metrics = metrics
    }

    package func register(with peers: Peers) {
        peers.handle(.chunkPut) { [self] in await put($0) }
        peers.handle(.chunkRead) { [self] in await read($0) }
        peers.handle(.chunkHave) { [self] in await have($0) }
        peers.handle(.chunkVerify) { [self] in await verify($0) }
        peers.handle(.chunkReceipt) { [self] in await receipt($0) }
        peers.handle(.chunkNeed) { [self] in await need($0) }
    }

    private func put(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Put.self, from: request.header)
            try await chunks.put(
                message.hash, request.body, for: message.recordings ?? [], isUpload: message.isUpload == true,
                in: metadata)
            metrics.count("rondo_chunks_stored_total", "Chunks stored for other servers.")
            stored()
            return .success(PeerReply())
        } catch {
            return refuse(error)
        }
    }

    private func read(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let quick = ChunkMessage.Read(encoded: request.header)
            let message = try quick ?? WireJSON.decode(ChunkMessage.Read.self, from: request.header)
            guard message.offset >= 0, message.length >= 0, message.length <= Self.maximumRead else {
                return .failure(PeerRefusal(code: "bad_request", message: "a read has 0 to \(Self.maximumRead) bytes"))
            }
            let cached = chunks.readCached(message.hash, offset: message.offset, length: message.length)
            let bytes =
                if let cached { cached } else {
                    try await chunks.read(message.hash, offset: message.offset, length: message.length)
                }
            metrics.count(
                "rondo_chunk_bytes_served_total", "Bytes of chunks read for other servers.", by: Double(bytes.count))
            return .success(PeerReply(body: bytes))
        } catch {
            return refuse(error)
        }
    }

    private func have(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Have.self, from: request.header)
            guard message.hashes.count <= ChunkMessage.Have.maximumHashes else {
                return .failure(PeerRefusal(code: "bad_request", message: "too many hashes in one question"))
            }
            try await learn(message.references ?? [])
            let held =
                message.lease == true
                ? chunks.lease(message.hashes) : message.hashes.map { chunks.length(of: $0) != nil }
            return .success(PeerReply(header: WireJSON.encode(ChunkMessage.Held(held: held))))
        } catch {
            return refuse(error)
        }
    }

    /// Notes why chunks that are held here are kept: a copy whose reference only another holder knew would be freed
    /// once that one is lost.
    private func learn(_ references: [ChunkReference]) async throws {
        let held = references.filter { chunks.length(of: $0.chunk) != nil }
        guard !held.isEmpty else { return }
        guard references.count <= ChunkMessage.Need.maximumReferences else {
            throw StoreError.failed(0, "too many references in one question")
        }
        let known = try await metadata.references(of: Array(Set(held.map(\.chunk))))
        try await metadata.refer(Array(Set(held).subtracting(known)))
    }

    /// A copy that was damaged is no copy: each is read before this server promises to keep it.
    private func receipt(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Receipt.self, from: request.header)
            guard message.hashes.count <= ChunkMessage.Receipt.maximumHashes else {
                return .failure(PeerRefusal(code: "bad_request", message: "too many hashes in one question"))
            }
            guard !isOver(message.token) else { return .failure(Self.tokenIsOver) }
            // The promise first: what is verified below cannot be freed in the meantime.
            var held = chunks.lease(message.hashes)
            for index in held.indices where held[index] { held[index] = await isWhole(message.hashes[index]) }
            return .success(PeerReply(header: WireJSON.encode(ChunkMessage.Held(held: held))))
        } catch {
            return refuse(error)
        }
    }

    private func isWhole(_ hash: ContentHash) async -> Bool {
        let length = chunks.length(of: hash)
        do throws(StoreError) {
            try await chunks.verify(hash)
            return true
        } catch {
            log.warning("a chunk that another server counts on is not there", ["error": "\(error)"])
            if error == .corrupt, let length { damaged(hash, length) }
            return false
        }
    }

    private func need(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Need.self, from: request.header)
            guard message.chunks.count <= ChunkMessage.Receipt.maximumHashes,
                message.references.count <= ChunkMessage.Need.maximumReferences
            else { return .failure(PeerRefusal(code: "bad_request", message: "too many chunks in one question")) }
            guard !isOver(message.token) else { return .failure(Self.tokenIsOver) }
            let known = try await metadata.references(of: message.chunks)
            let needed = try await metadata.needed(message.references + known)
            // Who holds a chunk may not know yet that its recording is alive, and who knows that may not hold it: the
            // asker learns of the recording, and asks all about it the next time.
            let news = Dictionary(
                Set(known).subtracting(message.references).map { ($0.chunk, $0.recording) }, uniquingKeysWith: min)
            let answer = ChunkMessage.Needed(recordings: message.chunks.map { needed[$0] ?? news[$0] })
            return .success(PeerReply(header: WireJSON.encode(answer)))
        } catch {
            return refuse(error)
        }
    }

    private static let tokenIsOver = PeerRefusal(code: "token_is_over", message: "a later token is known here")

    private func verify(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Verify.self, from: request.header)
            let length = chunks.length(of: message.hash)
            do throws(StoreError) {
                try await chunks.verify(message.hash)
            } catch {
                log.warning("a chunk was found damaged", ["asked_by": request.from.life, "error": "\(error)"])
                if error == .corrupt, let length { damaged(message.hash, length) }
                throw error
            }
            return .success(PeerReply())
        } catch {
            return refuse(error)
        }
    }

    private func refuse(_ error: any Error) -> Result<PeerReply, PeerRefusal> {
        let refusal =
            switch error {
            case let error as WireJSONError: PeerRefusal(code: "bad_request", message: error.reason)
            case StoreError.full: PeerRefusal(code: "disk_full", message: "this server's disk is full")
            case StoreError.missing: PeerRefusal(code: "missing", message: "this server does not hold the chunk")
            case StoreError.corrupt: PeerRefusal(code: "corrupt", message: "the bytes are not what the hash names")
            default: PeerRefusal(code: "failed", message: "\(error)")
            }
        metrics.count("rondo_chunk_refusals_total", "Chunk requests refused.", labels: "code=\"\(refusal.code)\"")
        return .failure(refusal)
    }
}
