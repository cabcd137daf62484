internal import Crypto
internal import DataServer
internal import HTTP
internal import Model
internal import Platform
internal import Wire

/// Stores the parts of one song: its chunks, its cover, its packet list, and last the manifest that names them.
@Loop
final class SongStoring {
    /// The least number of copies of any part so far.
    private(set) var copies = Int.max

    private let tools: Uploads.Tools
    private let spool: any SpoolFile
    private let attempt: ChunkWriter.Attempt

    private var stored: Set<ContentHash> = []
    private var leasedAt: MonotonicTime

    /// When the leases of what is stored are taken again: well before the first of them ends.
    private static let leaseRenewal = Duration.seconds(240)

    /// Chunks in memory at a time: one on its way to the disks, the next one being read and hashed.
    private static let pipeline = 2

    /// - Parameter recording: the SHA-256 of the original that all of it belongs to.
    init(tools: Uploads.Tools, spool: any SpoolFile, recording: ContentHash) {
        self.tools = tools
        attempt = ChunkWriter.Attempt(recording)
        self.spool = spool
        leasedAt = tools.clock.now
    }

    /// - Parameter sha256: of the whole of the spooled file.
    /// - Throws: `APIError` (`too_few_servers`, `disk_full`), `StoreError` of the spool.
    func store(_ description: MediaDescription, sha256: ContentHash, cover: [UInt8], packets: [UInt8])
        async throws -> SongContent
    {
        let coverPart = try await attach(cover, type: description.coverContentType ?? "application/octet-stream")
        let packetPart = try await attach(packets, type: "application/vnd.rondo.packets")
        let chunks = try await store(description.cuts)
        let manifest = Manifest(
            sha256: sha256, bytes: description.bytes, container: description.container, codec: description.codec,
            contentType: description.contentType, sampleRate: description.sampleRate, channels: description.channels,
            bitsPerSample: description.bitsPerSample, skipSamples: description.skipSamples,
            totalSamples: description.totalSamples, durationMs: description.durationMs,
            codecConfig: description.codecConfig, cover: coverPart, packets: packetPart, chunks: chunks)
        let stored = try await store(manifest)
        return SongContent(
            sha256: sha256, bytes: description.bytes, contentType: description.contentType,
            durationMs: description.durationMs, chunks: chunks.count, manifest: stored.sha256,
            manifestLength: stored.length, cover: coverPart)
    }

    /// Stores a manifest, whose chunks are stored already.
    func store(_ manifest: Manifest) async throws -> Attachment {
        let bytes = WireJSON.encode(manifest)
        guard bytes.count <= Manifest.maximumChunkLength else {
            throw APIError(413, "too_large", "This song has too many parts to be stored.")
        }
        let hash = SHA256.hash(bytes)
        try await put(hash, bytes)
        return Attachment(sha256: hash, length: bytes.count, contentType: "application/vnd.rondo.manifest+json")
    }

    /// Covers and packet lists beyond a chunk's length are left out: the song plays without them.
    private func attach(_ bytes: [UInt8], type: String) async throws -> Attachment? {
        guard !bytes.isEmpty, bytes.count <= Manifest.maximumChunkLength else { return nil }
        let hash = SHA256.hash(bytes)
        try await put(hash, bytes)
        return Attachment(sha256: hash, length: bytes.count, contentType: type)
    }

    private func store(_ cuts: [MediaCut]) async throws -> [ManifestChunk] {
        var chunks: [ManifestChunk] = []
        var stores: [Task<Void, any Error>] = []
        do {
            for cut in cuts {
                let bytes = try await spool.read(offset: cut.offset, length: cut.length)
                guard bytes.count == cut.length, !bytes.isEmpty else { throw StoreError.missing }
                let (hash, checksums) = await tools.work.run { Self.digest(bytes) }
                chunks.append(
                    ManifestChunk(
                        kind: cut.kind, startMs: cut.startMs, startSample: cut.startSample, samples: cut.samples,
                        offset: cut.offset, length: cut.length, sha256: hash, crc32c: checksums))
                stores.append(Loop.start("song.chunk") { try await self.put(hash, bytes) })
                if stores.count >= Self.pipeline { try await stores.removeFirst().value }
            }
            for store in stores { try await store.value }
        } catch {
            for store in stores { store.cancel() }
            throw error
        }
        return chunks
    }

    /// SHA-256 and the checksums of the blocks, away from the loop: a chunk takes milliseconds.
    nonisolated private static func digest(_ bytes: [UInt8]) -> (ContentHash, [UInt32]) {
        let checksums = stride(from: 0, to: bytes.count, by: Manifest.blockLength).map { start in
            CRC32C.checksum(bytes[start..<min(start + Manifest.blockLength, bytes.count)])
        }
        return (SHA256.hash(bytes), checksums)
    }

    private func put(_ hash: ContentHash, _ bytes: [UInt8]) async throws {
        let holders = await tools.writer.store(hash, bytes, during: attempt)
        copies = min(copies, holders)
        guard holders >= 2 || (holders == 1 && tools.ring.isAlone) else {
            throw attempt.isDiskFull ? APIError(StoreError.full) : APIError.tooFewServers
        }
        stored.insert(hash)
        await renewLeases()
    }

    /// A song may take longer than a lease lasts, and until its entry is written nobody else knows that it is needed.
    private func renewLeases() async {
        guard tools.clock.now - leasedAt > Self.leaseRenewal else { return }
        leasedAt = tools.clock.now
        let hashes = stored.sorted()
        _ = tools.held.lease(hashes)
        let (client, deadline) = (tools.client, tools.clock.now + .seconds(2))
        _ = await Gather.all(tools.ring.others) { server in
            try? await client.have(hashes, keeping: true, at: server, deadline: deadline)
        }
    }
}
