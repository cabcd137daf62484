package import Model
package import Peers
package import Platform
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
    package func put(_ hash: ContentHash, _ bytes: [UInt8], to server: ServerID, deadline: MonotonicTime)
        async throws(PeerError)
    {
        _ = try await ask(.chunkPut, server, ChunkMessage.Put(hash: hash), body: bytes, over: .bulk, deadline)
    }

    /// Exactly `length` bytes, unverified.
    /// - Throws: `PeerError`.
    package func read(_ hash: ContentHash, offset: Int, length: Int, from server: ServerID, deadline: MonotonicTime)
        async throws(PeerError) -> [UInt8]
    {
        let message = ChunkMessage.Read(hash: hash, offset: offset, length: length)
        let reply = try await ask(.chunkRead, server, message, over: .bulk, deadline)
        guard reply.body.count == length else { throw .garbled("\(reply.body.count) bytes instead of \(length)") }
        return reply.body
    }

    /// For each hash whether `server` holds it; asks in as many messages as it takes.
    /// - Throws: `PeerError`.
    package func have(_ hashes: [ContentHash], at server: ServerID, deadline: MonotonicTime)
        async throws(PeerError) -> [Bool]
    {
        var held: [Bool] = []
        for start in stride(from: 0, to: hashes.count, by: ChunkMessage.Have.maximumHashes) {
            let part = Array(hashes[start..<min(start + ChunkMessage.Have.maximumHashes, hashes.count)])
            let reply = try await ask(.chunkHave, server, ChunkMessage.Have(hashes: part), over: .control, deadline)
            let answer: ChunkMessage.Held
            do {
                answer = try WireJSON.decode(ChunkMessage.Held.self, from: reply.header)
            } catch {
                throw .garbled(error.reason)
            }
            guard answer.held.count == part.count else { throw .garbled("an answer of another length") }
            held += answer.held
        }
        return held
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
        guard let address = ring.address(of: server) else { throw .unreachable(.other("not in the roster")) }
        return try await peers.request(
            kind, to: address, over: linkClass, header: WireJSON.encode(header), body: body, deadline: deadline)
    }
}
