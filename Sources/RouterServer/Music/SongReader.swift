package import DataServer
internal import HTTP
package import Model
package import Platform
internal import Wire

/// Reads songs: turns byte ranges of an original into verified parts of chunks, wherever those are, one part ahead of
/// the listener.
@Loop
package final class SongReader: SongSource {
    /// What is read at a time: two blocks, so that a stream needs at most twice that in memory.
    private static let partLength = 2 * Manifest.blockLength
    /// When a part must be there before the listener is told that it cannot be had.
    private static let partDeadline = Duration.seconds(5)
    /// Manifests kept, the last used ones; one is about 10 KB.
    private static let cachedManifests = 256

    private let chunks: ChunkReader
    private let ring: any StorageRing
    private let client: ChunkClient
    private let held: any ChunkStore
    private let clock: any Clock
    private let httpEndpoint: @Loop (ServerID) -> Endpoint?
    private let unavailable: @Loop (SongID) -> Bool
    private let playing: NowPlaying
    private var cache: [ContentHash: (manifest: StoredManifest, lastUse: UInt64)] = [:]
    private var uses: UInt64 = 0

    /// - Parameters:
    ///   - httpEndpoint: where a live server's HTTP listens.
    ///   - unavailable: whether the last audit found a part of the song without a holder.
    ///   - playing: is told of every part that is read.
    package init(
        chunks: ChunkReader, ring: any StorageRing, client: ChunkClient, held: any ChunkStore, clock: any Clock,
        httpEndpoint: @escaping @Loop (ServerID) -> Endpoint?, unavailable: @escaping @Loop (SongID) -> Bool,
        playing: NowPlaying
    ) {
        self.chunks = chunks
        self.ring = ring
        self.client = client
        self.held = held
        self.clock = clock
        self.httpEndpoint = httpEndpoint
        self.unavailable = unavailable
        self.playing = playing
    }

    package func manifest(of entry: SongEntry) async throws -> StoredManifest {
        let content = entry.content.value
        uses += 1
        if let known = cache[content.manifest]?.manifest {
            cache[content.manifest]?.lastUse = uses
            return known
        }
        do {
            let bytes = try await chunks.readWhole(
                content.manifest, length: content.manifestLength, deadline: clock.now + Self.partDeadline)
            let stored = StoredManifest(manifest: try WireJSON.decode(Manifest.self, from: bytes), bytes: bytes)
            remember(stored, content.manifest)
            return stored
        } catch {
            throw APIError.chunkUnavailable
        }
    }

    private func remember(_ manifest: StoredManifest, _ hash: ContentHash) {
        cache[hash] = (manifest, uses)
        if cache.count > Self.cachedManifests, let oldest = cache.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            cache[oldest.key] = nil
        }
    }

    package func read(_ manifest: Manifest, from: Int64, to: Int64, into sink: @escaping SongSink) async throws {
        var parts = SongParts(manifest, from: from, to: to, partLength: Self.partLength)
        guard var current = parts.next() else { return try Self.checkEnd(parts) }
        var pending = fetch(current.part)
        while true {
            let bytes: [UInt8]
            do { bytes = try await pending.value } catch { throw APIError.chunkUnavailable }
            let slice = bytes[current.wanted]
            playing.note(manifest.sha256)
            let following = parts.next()
            if let following { pending = fetch(following.part) }
            do {
                try await hand(slice, to: sink)
            } catch {
                pending.cancel()
                throw error
            }
            guard let following else { return try Self.checkEnd(parts) }
            current = following
        }
    }

    /// A manifest whose chunks do not cover its bytes must not look like the end of the song.
    private static func checkEnd(_ parts: SongParts) throws {
        if !parts.isComplete { throw APIError.chunkUnavailable }
    }

    private func fetch(_ part: ChunkReader.Part) -> Task<[UInt8], any Error> {
        let deadline = clock.now + Self.partDeadline
        return Loop.start("song.part") { [chunks] in try await chunks.read(part, deadline: deadline) }
    }

    private func hand(_ slice: ArraySlice<UInt8>, to sink: SongSink) async throws {
        for start in stride(from: slice.startIndex, to: slice.endIndex, by: Manifest.blockLength) {
            try await sink(slice[start..<min(start + Manifest.blockLength, slice.endIndex)])
        }
    }

    package func attachment(_ attachment: Attachment) async throws -> [UInt8] {
        do {
            return try await chunks.readWhole(
                attachment.sha256, length: attachment.length, deadline: clock.now + Self.partDeadline)
        } catch {
            throw APIError.chunkUnavailable
        }
    }

    package func holders(of entry: SongEntry) async -> [SongHolder] {
        guard let stored = try? await manifest(of: entry) else { return [] }
        let hashes = Array(Set(stored.manifest.chunks.map(\.sha256))).sorted()
        let deadline = clock.now + .milliseconds(500)
        let client = client
        var holders = await Gather.all(ring.others) { server in
            let held = try? await client.have(hashes, at: server, deadline: deadline)
            return held?.allSatisfy(\.self) == true ? server : nil
        }.compactMap { $0 }
        if hashes.allSatisfy({ held.length(of: $0) != nil }) { holders.append(ring.own) }
        return holders.shuffled().compactMap { id in httpEndpoint(id).map { SongHolder(id: id, http: $0) } }
    }

    package func available(_ entries: [SongEntry]) -> [Bool] { entries.map { !unavailable($0.id) } }
}

/// The parts, whole blocks of chunks, that cover a byte range of an original, in order.
struct SongParts {
    /// A part, and which of its bytes belong to the range.
    struct Piece {
        let part: ChunkReader.Part
        let wanted: Range<Int>
    }

    private let manifest: Manifest
    private let partLength: Int
    private let end: Int64
    private var position: Int64

    init(_ manifest: Manifest, from: Int64, to: Int64, partLength: Int) {
        self.manifest = manifest
        self.partLength = partLength
        position = from
        end = min(to, manifest.bytes)
    }

    /// Whether the whole range has been given out.
    var isComplete: Bool { position >= end }

    mutating func next() -> Piece? {
        guard position < end, let index = manifest.chunkIndex(containing: position) else { return nil }
        let chunk = manifest.chunks[index]
        let inChunk = Int(position - chunk.offset)
        let block = inChunk / Manifest.blockLength
        let start = block * Manifest.blockLength
        let stop = min(start + partLength, chunk.length)
        let last = (stop + Manifest.blockLength - 1) / Manifest.blockLength
        guard last <= chunk.crc32c.count else { return nil }
        let wantedEnd = min(Int(min(end - chunk.offset, Int64(chunk.length))), stop)
        position = chunk.offset + Int64(wantedEnd)
        let part = ChunkReader.Part(
            hash: chunk.sha256, offset: start, length: stop - start, checksums: Array(chunk.crc32c[block..<last]))
        return Piece(part: part, wanted: (inChunk - start)..<(wantedEnd - start))
    }
}
