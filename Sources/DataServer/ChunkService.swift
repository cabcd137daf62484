package import Model
package import Peers
package import Platform
internal import Wire

/// Answers other servers' requests for chunks: whatever this server's role, it keeps what it is sent and serves what it
/// holds.
@Loop
package final class ChunkService {
    private let chunks: any ChunkStore
    private let log: Logger
    private let metrics: Metrics

    /// Called after a chunk has been stored here.
    package var stored: @Loop () -> Void = {}
    /// Called with the hash and the length of a chunk that turned out to be damaged here.
    package var damaged: @Loop (ContentHash, Int) -> Void = { _, _ in }

    /// The longest answer to one read: four blocks.
    package static let maximumRead = 256 << 10

    package init(chunks: any ChunkStore, log: Logger, metrics: Metrics) {
        self.chunks = chunks
        self.log = log
        self.metrics = metrics
    }

    package func register(with peers: Peers) {
        peers.handle(.chunkPut) { [self] in await put($0) }
        peers.handle(.chunkRead) { [self] in await read($0) }
        peers.handle(.chunkHave) { [self] in have($0) }
        peers.handle(.chunkVerify) { [self] in await verify($0) }
    }

    private func put(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Put.self, from: request.header)
            try await chunks.put(message.hash, request.body)
            metrics.count("rondo_chunks_stored_total", "Chunks stored for other servers.")
            stored()
            return .success(PeerReply())
        } catch {
            return refuse(error)
        }
    }

    private func read(_ request: PeerRequest) async -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Read.self, from: request.header)
            guard message.offset >= 0, message.length >= 0, message.length <= Self.maximumRead else {
                return .failure(PeerRefusal(code: "bad_request", message: "a read has 0 to \(Self.maximumRead) bytes"))
            }
            let bytes = try await chunks.read(message.hash, offset: message.offset, length: message.length)
            metrics.count(
                "rondo_chunk_bytes_served_total", "Bytes of chunks read for other servers.", by: Double(bytes.count))
            return .success(PeerReply(body: bytes))
        } catch {
            return refuse(error)
        }
    }

    private func have(_ request: PeerRequest) -> Result<PeerReply, PeerRefusal> {
        do {
            let message = try WireJSON.decode(ChunkMessage.Have.self, from: request.header)
            guard message.hashes.count <= ChunkMessage.Have.maximumHashes else {
                return .failure(PeerRefusal(code: "bad_request", message: "too many hashes in one question"))
            }
            let held = ChunkMessage.Held(held: message.hashes.map { chunks.length(of: $0) != nil })
            return .success(PeerReply(header: WireJSON.encode(held)))
        } catch {
            return refuse(error)
        }
    }

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
