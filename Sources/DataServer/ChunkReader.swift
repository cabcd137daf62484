internal import Crypto
package import Model
internal import Placement
package import Platform

/// Why a part of a chunk could not be read: nobody who holds it answered with the right bytes in time.
package struct ChunkUnavailable: Error, Hashable, Sendable {
    package let hash: ContentHash

    package init(hash: ContentHash) { self.hash = hash }
}

/// Reads parts of chunks from whoever holds them, and hands nothing on that it has not verified.
///
/// Holders are tried in the order of placement, this server's own disk first. One that fails, or sends a wrong byte, is
/// replaced at once; one that takes longer than nearly all have lately (`ReadTimes`) gets a rival, and the first right
/// answer wins. So a server that is killed, hangs or lies costs a listener at most 150 ms.
@Loop
package final class ChunkReader {
    /// Bytes of one chunk that are verified together: whole blocks, whose checksums the manifest has.
    package struct Part: Sendable {
        package let hash: ContentHash
        /// From the chunk's start; a multiple of the block length.
        package let offset: Int
        /// Whole blocks, but for the chunk's last one.
        package let length: Int
        /// CRC-32C of each block of the part.
        package let checksums: ArraySlice<UInt32>
        /// The chunk's length and its blocks' checksums, where they are known.
        package let chunk: (length: Int, checksums: [UInt32])?

        package init(
            hash: ContentHash, offset: Int, length: Int, checksums: ArraySlice<UInt32>,
            of chunk: (length: Int, checksums: [UInt32])? = nil
        ) {
            self.hash = hash
            self.offset = offset
            self.length = length
            self.checksums = checksums
            self.chunk = chunk
        }

        /// All of the chunk that this is a part of.
        fileprivate var whole: Part? {
            chunk.map { Part(hash: hash, offset: 0, length: $0.length, checksums: $0.checksums[...]) }
        }
    }

    /// How long one server is waited for at all.
    private static let patience = Duration.seconds(2)
    /// How long a server that failed is asked last.
    private static let penalty = Duration.seconds(3)
    /// How long another copy of a damaged chunk is looked for; afterwards it is left to the repair of the others.
    private static let restoreDeadline = Duration.seconds(10)

    private let chunks: any ChunkStore
    private let client: ChunkClient
    private let ring: any StorageRing
    private let clock: any Clock
    private let metrics: Metrics
    private var readTimes = ReadTimes()
    private var avoided: [ServerID: MonotonicTime] = [:]
    /// Where chunks were found that were not where placement says; forgotten when it grows large.
    private var foundElsewhere: [ContentHash: [ServerID]] = [:]
    private let shelf = ChunkShelf()

    package init(
        chunks: any ChunkStore, client: ChunkClient, ring: any StorageRing, clock: any Clock, metrics: Metrics
    ) {
        self.chunks = chunks
        self.client = client
        self.ring = ring
        self.clock = clock
        self.metrics = metrics
    }

    /// The verified bytes of `part`.
    /// - Throws: `ChunkUnavailable` by `deadline`.
    package func read(_ part: Part, deadline: MonotonicTime) async throws(ChunkUnavailable) -> [UInt8] {
        if let own = await readOwn(part) { return own }
        let candidates = candidates(for: part.hash)
        if let bytes = await race(part, among: candidates, deadline: deadline) { return bytes }
        let others = await search(part.hash, besides: candidates, deadline: deadline)
        if let bytes = await race(part, among: others, deadline: deadline) { return bytes }
        throw ChunkUnavailable(hash: part.hash)
    }

    /// The same, from memory that streams send from without a copy where many want the chunk.
    /// - Throws: as `read`.
    package func piece(_ part: Part, deadline: MonotonicTime) async throws(ChunkUnavailable) -> StreamPiece {
        if let held = await shelved(part) { return .held(held, part.offset..<part.offset + part.length) }
        return .bytes(try await read(part, deadline: deadline)[...])
    }

    /// A whole chunk, verified, that is in memory which streams send from.
    package func held(_ hash: ContentHash) -> (any HeldBytes)? { shelf[hash] }

    /// A whole chunk of at most 4 MiB, verified by its hash: manifests, covers.
    /// - Throws: `ChunkUnavailable`.
    package func readWhole(_ hash: ContentHash, length: Int, deadline: MonotonicTime)
        async throws(ChunkUnavailable) -> [UInt8]
    {
        if let own = try? await chunks.read(hash, offset: 0, length: length), SHA256.hash(own) == hash { return own }
        let candidates = candidates(for: hash)
        if let bytes = await whole(hash, length, from: candidates, deadline: deadline) { return bytes }
        let others = await search(hash, besides: candidates, deadline: deadline)
        if let bytes = await whole(hash, length, from: others, deadline: deadline) { return bytes }
        throw ChunkUnavailable(hash: hash)
    }

    private func whole(_ hash: ContentHash, _ length: Int, from servers: [ServerID], deadline: MonotonicTime)
        async -> [UInt8]?
    {
        for server in servers where clock.now < deadline {
            var bytes: [UInt8] = []
            while bytes.count < length {
                let piece = Part(
                    hash: hash, offset: bytes.count, length: min(ChunkService.maximumRead, length - bytes.count),
                    checksums: [])
                let limit = min(deadline, clock.now + .milliseconds(400))
                guard let next = try? await fetch(piece, from: server, deadline: limit) else { break }
                bytes += next
            }
            if bytes.count == length, SHA256.hash(bytes) == hash { return bytes }
            avoid(server)
        }
        return nil
    }
}

extension ChunkReader {
    /// The whole chunk in the system's memory, if it is worth it and right.
    private func shelved(_ part: Part) async -> (any HeldBytes)? {
        if let held = shelf[part.hash], held.count >= part.offset + part.length { return held }
        guard let whole = part.whole, whole.length <= ChunkShelf.longest, chunks.length(of: part.hash) == whole.length,
            shelf.isWantedAgain(part.hash, offset: part.offset), let bytes = await ownBytes(whole),
            isRight(bytes, whole), let held = chunks.hold(bytes)
        else { return nil }
        shelf.keep(held, for: part.hash)
        return held
    }

    private func ownBytes(_ part: Part) async -> [UInt8]? {
        if let bytes = chunks.readCached(part.hash, offset: part.offset, length: part.length) { return bytes }
        return try? await chunks.read(part.hash, offset: part.offset, length: part.length)
    }

    private func readOwn(_ part: Part) async -> [UInt8]? {
        guard let length = chunks.length(of: part.hash), let bytes = await ownBytes(part) else { return nil }
        if isRight(bytes, part) { return bytes }
        metrics.count("rondo_chunks_damaged_total", "Chunks found damaged on this server's disk.")
        // `verify` puts the copy into quarantine if the whole of it is wrong as well; repair brings another one.
        do { try await chunks.verify(part.hash) } catch { restore(part.hash, length: length) }
        return nil
    }

    /// Fetches a chunk that was lost here from those who have it: at once, for until then there is a copy less.
    package func restore(_ hash: ContentHash, length: Int) {
        Loop.spawn("chunk.restore") { [self] in
            guard let bytes = try? await readWhole(hash, length: length, deadline: clock.now + Self.restoreDeadline)
            else { return }
            do {
                try await chunks.put(hash, bytes)
                metrics.count("rondo_chunks_restored_total", "Damaged chunks replaced by another server's copy.")
            } catch {
                metrics.count("rondo_chunks_not_restored_total", "Damaged chunks that the disk did not take back.")
            }
        }
    }

    private func isRight(_ bytes: [UInt8], _ part: Part) -> Bool {
        guard bytes.count == part.length else { return false }
        for (index, checksum) in part.checksums.enumerated() {
            let start = index * Manifest.blockLength
            let end = min(start + Manifest.blockLength, bytes.count)
            guard CRC32C.checksum(bytes[start..<end]) == checksum else { return false }
        }
        return true
    }

    /// Placement today and under the rosters before, those that just failed last.
    private func candidates(for hash: ContentHash) -> [ServerID] {
        var servers: [ServerID] = foundElsewhere[hash] ?? []
        for placement in [ring.placement] + ring.earlierPlacements {
            servers += placement.holders(of: hash, count: ring.replicas)
        }
        return inOrderOfHope(servers)
    }

    private func inOrderOfHope(_ servers: [ServerID]) -> [ServerID] {
        var seen: Set<ServerID> = [ring.own]
        let reachable = Set(ring.others)
        let distinct = servers.filter { reachable.contains($0) && seen.insert($0).inserted }
        let now = clock.now
        let isAvoided: (ServerID) -> Bool = { self.avoided[$0].map { $0 > now } ?? false }
        return distinct.filter { !isAvoided($0) } + distinct.filter(isAvoided)
    }

    private func avoid(_ server: ServerID) { avoided[server] = clock.now + Self.penalty }

    /// Asks everybody else, all at once, who has it.
    private func search(_ hash: ContentHash, besides known: [ServerID], deadline: MonotonicTime) async -> [ServerID] {
        let limit = min(deadline, clock.now + .milliseconds(500))
        let unasked = ring.others.filter { !known.contains($0) }
        let client = client
        let found = await Gather.all(unasked) { server in
            let held = try? await client.have([hash], at: server, deadline: limit)
            return held == [true] ? server : nil
        }.compactMap { $0 }
        if foundElsewhere.count > 10_000 { foundElsewhere = [:] }
        if !found.isEmpty { foundElsewhere[hash] = found }
        // Those of placement may have got the chunk in the meantime, or come back.
        return inOrderOfHope(found + known)
    }

    private func fetch(_ part: Part, from server: ServerID, deadline: MonotonicTime) async throws -> [UInt8] {
        try await client.read(part.hash, offset: part.offset, length: part.length, from: server, deadline: deadline)
    }

    private func race(_ part: Part, among servers: [ServerID], deadline: MonotonicTime) async -> [UInt8]? {
        guard !servers.isEmpty, clock.now < deadline else { return nil }
        let race = Race(servers: servers, clock: clock, hedge: readTimes.hedge, deadline: deadline)
        return await race.run { [self] server in await attempt(part, server, deadline: deadline) }
    }

    private func attempt(_ part: Part, _ server: ServerID, deadline: MonotonicTime) async -> [UInt8]? {
        let began = clock.now
        do {
            let bytes = try await fetch(part, from: server, deadline: min(deadline, began + Self.patience))
            if isRight(bytes, part) {
                readTimes.note(clock.now - began)
                return bytes
            }
            metrics.count(
                "rondo_wrong_bytes_total", "Answers of other servers with wrong bytes, none of which went on.")
            client.accuse(part.hash, at: server, deadline: clock.now + .seconds(10))
        } catch {
            metrics.count("rondo_chunk_reads_failed_total", "Reads that another server failed to answer.")
        }
        avoid(server)
        return nil
    }
}
