package import DataServer
internal import HTTP
package import Model
package import Platform
internal import Wire

/// Reads songs: turns byte ranges of an original into verified parts of chunks, wherever those are, one part ahead of
/// the listener.
@Loop
package final class SongReader: SongSource {
    /// What is read at a time for a listener who takes it at once: as much as one answer of another server has.
    private static let partLength = ChunkService.maximumRead
    /// For a new one, and for one who listens no faster than the music plays: memory is scarce where there are
    /// thousands of them.
    private static let shortPart = Manifest.blockLength
    /// Who has a part within this time, from the wait for room on, gets a longer one next; where the server is what is
    /// slow, parts stay short, so that everybody's turn comes soon.
    private static let quick = Duration.milliseconds(40)
    /// After so many in a row, more than the kernel's buffers hold, the next part is read before he has the one before.
    private static let quickParts = 16
    /// Who then takes longer for one is in no hurry any more.
    private static let patience = Duration.milliseconds(250)
    /// Parts that are read at the same time: a thousand listeners who come at once wait here, and not for answers whose
    /// time is running.
    private static let concurrentReads = 64
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
    private let reads: Turns

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
        reads = Turns(atOnce: Self.concurrentReads, clock: clock)
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

    package func read(_ manifest: Manifest, from: Int64, to: Int64, into sink: SongSink) async throws {
        let song = manifest.sha256
        playing.began()
        defer { playing.ended() }
        try await deliver(
            manifest, from: from, to: to,
            into: SongSink(room: { try await sink.waitForRoom() }) { [playing] piece in
                playing.note(song)
                try await sink.take(piece)
            })
    }

    /// Writes the original into a spool file and ends that.
    package func copy(_ manifest: Manifest, into spool: any SpoolFile) async throws {
        try await deliver(
            manifest, from: 0, to: manifest.bytes, into: SongSink { try await spool.append(Array($0.bytes)) })
        guard try await spool.finish() == manifest.sha256 else { throw APIError.chunkUnavailable }
    }

    private func deliver(_ manifest: Manifest, from: Int64, to: Int64, into sink: SongSink) async throws {
        var parts = SongParts(manifest, from: from, to: to)
        var isInHurry = false
        while !parts.isComplete {
            let goesOn =
                isInHurry
                ? try await readAhead(&parts, into: sink) : try await readOnDemand(&parts, into: sink)
            if !goesOn { break }
            isInHurry.toggle()
        }
        // A manifest whose chunks do not cover its bytes must not look like the end of the song.
        if !parts.isComplete { throw APIError.chunkUnavailable }
    }

    /// For a listener who takes what he gets: the next part comes while he has the one before.
    /// - Returns: whether he has become slow; false at the end.
    private func readAhead(_ parts: inout SongParts, into sink: SongSink) async throws -> Bool {
        guard var current = parts.next(atMost: Self.partLength) else { return false }
        var pending = fetch(current.part)
        while true {
            let piece: StreamPiece
            do { piece = try await pending.value } catch { throw APIError.chunkUnavailable }
            let before = parts
            let following = parts.next(atMost: Self.partLength)
            let ahead = following.map { fetch($0.part) }
            let began = clock.now
            do {
                try await sink.take(current.wanted(of: piece))
            } catch {
                ahead?.cancel()
                throw error
            }
            guard let following, let ahead else { return false }
            if clock.now - began > Self.patience {
                ahead.cancel()
                parts = before
                return true
            }
            (current, pending) = (following, ahead)
        }
    }

    /// For a listener who is new or in no hurry: the kernel's buffers are his advance, and a part is read when they
    /// have room for it, so that nothing of it waits here.
    /// - Returns: whether he is in a hurry; false at the end.
    private func readOnDemand(_ parts: inout SongParts, into sink: SongSink) async throws -> Bool {
        var (length, count) = (Self.shortPart, 0)
        while count < Self.quickParts {
            let began = clock.now
            try await sink.waitForRoom()
            try await sendHeld(&parts, into: sink)
            guard let next = parts.next(atMost: length) else { return false }
            try await sink.take(next.wanted(of: try await piece(of: next.part)))
            if clock.now - began <= Self.quick {
                (length, count) = (min(2 * length, Self.partLength), count + 1)
            } else {
                (length, count) = (Self.shortPart, 0)
            }
        }
        return true
    }

    /// As long as the next chunk is in memory that streams send from, all that is wanted of it goes at once: there is
    /// nothing to wait for, and nothing to keep for a listener who is slow.
    private func sendHeld(_ parts: inout SongParts, into sink: SongSink) async throws {
        while let hash = parts.nextChunk, let held = chunks.held(hash) {
            guard let next = parts.next(atMost: Manifest.maximumChunkLength) else { return }
            let (start, end) = (next.part.offset + next.wanted.lowerBound, next.part.offset + next.wanted.upperBound)
            guard end <= held.count else { throw APIError.chunkUnavailable }
            try await sink.take(.held(held, start..<end))
        }
    }

    /// Reads a part when its turn has come; its time runs from then on.
    private func piece(of part: ChunkReader.Part) async throws -> StreamPiece {
        guard await reads.begin(by: clock.now + Self.partDeadline) else { throw APIError.chunkUnavailable }
        defer { reads.end() }
        do {
            return try await chunks.piece(part, deadline: clock.now + Self.partDeadline)
        } catch {
            throw APIError.chunkUnavailable
        }
    }

    private func fetch(_ part: ChunkReader.Part) -> Task<StreamPiece, any Error> {
        Loop.start("song.part") { [self] in try await piece(of: part) }
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

    package func isAvailable(_ song: SongID) -> Bool { !unavailable(song) }
}

/// The parts, whole blocks of chunks, that cover a byte range of an original, in order.
struct SongParts {
    /// A part, and which of its bytes belong to the range.
    struct Piece {
        let part: ChunkReader.Part
        let wanted: Range<Int>
        /// The place in the original of its first wanted byte.
        let start: Int64

        /// What belongs to the range of the part's bytes.
        func wanted(of piece: StreamPiece) -> StreamPiece {
            switch piece {
            case .bytes(let bytes):
                .bytes(bytes[bytes.startIndex + wanted.lowerBound..<bytes.startIndex + wanted.upperBound])
            case .held(let memory, let range):
                .held(memory, range.lowerBound + wanted.lowerBound..<range.lowerBound + wanted.upperBound)
            }
        }
    }

    private let manifest: Manifest
    private let end: Int64
    private var position: Int64

    init(_ manifest: Manifest, from: Int64, to: Int64) {
        self.manifest = manifest
        position = from
        end = min(to, manifest.bytes)
    }

    /// Whether the whole range has been given out.
    var isComplete: Bool { position >= end }

    /// The chunk of which the next part is.
    var nextChunk: ContentHash? {
        guard position < end else { return nil }
        return manifest.chunkIndex(containing: position).map { manifest.chunks[$0].sha256 }
    }

    /// The next part: up to a multiple of `length` in its chunk, so that all listeners get the same parts of it, and no
    /// block that the range does not touch.
    /// - Parameter length: a multiple of the block length.
    mutating func next(atMost length: Int) -> Piece? {
        guard position < end, let index = manifest.chunkIndex(containing: position) else { return nil }
        let chunk = manifest.chunks[index]
        let inChunk = Int(position - chunk.offset)
        let wantedEnd = Int(min(end - chunk.offset, Int64(chunk.length)))
        let block = inChunk / Manifest.blockLength
        let start = block * Manifest.blockLength
        let lastBlock = min((start / length + 1) * length, wantedEnd).roundedUp(to: Manifest.blockLength)
        let stop = min(lastBlock, chunk.length)
        let last = stop.roundedUp(to: Manifest.blockLength) / Manifest.blockLength
        guard last <= chunk.crc32c.count else { return nil }
        let part = ChunkReader.Part(
            hash: chunk.sha256, offset: start, length: stop - start, checksums: chunk.crc32c[block..<last],
            of: (chunk.length, chunk.crc32c))
        let piece = Piece(
            part: part, wanted: (inChunk - start)..<(min(wantedEnd, stop) - start), start: position)
        position = chunk.offset + Int64(min(wantedEnd, stop))
        return piece
    }
}

extension Int {
    fileprivate func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}
