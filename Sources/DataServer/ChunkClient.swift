package import Model
package import Peers
package import Platform
package import Ring
internal import Wire

/// Asks other servers for chunks, one server and one question at a time; which server, and what if it fails, is its
/// caller's business.
@Loop
package final class ChunkClient {
    private let peers: Peers
    private let ring: any StorageRing

    package init(peers: Peers, ring: any StorageRing) {
        self.peers = peers
        self.ring = ring
    }

    /// - Throws: `PeerError`; unless it is `refused` the chunk may have been stored.
    package func put(
        _ hash: ContentHash, _ bytes: [UInt8], for recordings: [ContentHash], isUpload: Bool, to server: ServerID,
        deadline: MonotonicTime
    ) async throws(PeerError) {
        let message = ChunkMessage.Put(hash: hash, recordings: recordings, isUpload: isUpload ? true : nil)
        _ = try await ask(.chunkPut, server, message, body: bytes, over: .bulk, deadline)
    }

    /// Exactly `length` bytes, unverified.
    /// - Throws: `PeerError`.
    package func read(_ hash: ContentHash, offset: Int, length: Int, from server: ServerID, deadline: MonotonicTime)
        async throws(PeerError) -> [UInt8]
    {
        let message = ChunkMessage.Read(hash: hash, offset: offset, length: length)
        let reply = try await ask(.chunkRead, server, encoded: message.encoded, over: .bulk, deadline)
        guard reply.body.count == length else { throw .garbled("\(reply.body.count) bytes instead of \(length)") }
        return reply.body
    }

    /// For each hash whether `server` holds it; asks in as many messages as it takes.
    /// - Parameters:
    ///   - keeping: whether the server is to keep those it holds for a lease's time.
    ///   - references: what it is to know of them; only with so many hashes as go into one message.
    /// - Throws: `PeerError`.
    package func have(
        _ hashes: [ContentHash], keeping: Bool = false, for references: [ChunkReference] = [], at server: ServerID,
        deadline: MonotonicTime
    ) async throws(PeerError) -> [Bool] {
        var held: [Bool] = []
        for start in stride(from: 0, to: hashes.count, by: ChunkMessage.Have.maximumHashes) {
            let part = Array(hashes[start..<min(start + ChunkMessage.Have.maximumHashes, hashes.count)])
            let message = ChunkMessage.Have(
                hashes: part, lease: keeping ? true : nil, references: references.isEmpty ? nil : references)
            let reply = try await ask(.chunkHave, server, message, over: .control, deadline)
            held += try answers(ChunkMessage.Held.self, reply, count: part.count) { $0.held }
        }
        return held
    }

    /// For each hash, at most `ChunkMessage.Receipt.maximumHashes`, whether `server` has read its copy just now and
    /// keeps it for a lease's time.
    /// - Throws: `PeerError`; `refused` where a later token than `token` is known.
    package func receipt(
        _ hashes: [ContentHash], under token: TokenMark, at server: ServerID, deadline: MonotonicTime
    ) async throws(PeerError) -> [Bool] {
        let message = ChunkMessage.Receipt(hashes: hashes, token: token)
        let reply = try await ask(.chunkReceipt, server, message, over: .control, deadline)
        return try answers(ChunkMessage.Held.self, reply, count: hashes.count) { $0.held }
    }

    /// For each chunk, as many, a recording that is alive and needs it, by what `server` knows and `references` say.
    /// - Throws: as `receipt`.
    package func need(
        _ chunks: [ContentHash], _ references: [ChunkReference], under token: TokenMark, at server: ServerID,
        deadline: MonotonicTime
    ) async throws(PeerError) -> [ContentHash?] {
        let message = ChunkMessage.Need(chunks: chunks, references: references, token: token)
        let reply = try await ask(.chunkNeed, server, message, over: .control, deadline)
        return try answers(ChunkMessage.Needed.self, reply, count: chunks.count) { $0.recordings }
    }

    private func answers<Message: Decodable, Answer>(
        _ type: Message.Type, _ reply: PeerReply, count: Int, _ list: (Message) -> [Answer]
    ) throws(PeerError) -> [Answer] {
        let answers: [Answer]
        do {
            answers = list(try WireJSON.decode(type, from: reply.header))
        } catch {
            throw .garbled(error.reason)
        }
        guard answers.count == count else { throw .garbled("an answer of another length") }
        return answers
    }

    /// Tells a server that its copy was found to be wrong. Best effort: who does not hear it finds out by itself.
    package func accuse(_ hash: ContentHash, at server: ServerID, deadline: MonotonicTime) {
        Loop.spawn("chunk.accuse") { [self] in
            _ = try? await ask(.chunkVerify, server, ChunkMessage.Verify(hash: hash), over: .control, deadline)
        }
    }

    private func ask(
        _ kind: FrameKind, _ server: ServerID, _ header: some Encodable & Sendable, body: [UInt8] = [],
        over linkClass: LinkClass, _ deadline: MonotonicTime
    ) async throws(PeerError) -> PeerReply {
        try await ask(kind, server, encoded: WireJSON.encode(header), body: body, over: linkClass, deadline)
    }

    private func ask(
        _ kind: FrameKind, _ server: ServerID, encoded header: [UInt8], body: [UInt8] = [], over linkClass: LinkClass,
        _ deadline: MonotonicTime
    ) async throws(PeerError) -> PeerReply {
        guard let address = ring.address(of: server) else { throw .unreachable(.other("not in the roster")) }
        return try await peers.request(
            kind, to: address, over: linkClass, header: header, body: body, deadline: deadline)
    }
}
