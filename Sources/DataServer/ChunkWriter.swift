package import Model
internal import Peers
internal import Placement
package import Platform

/// Stores chunks on as many servers as there shall be copies, and says how many have it on disk.
@Loop
package final class ChunkWriter {
    private let chunks: any ChunkStore
    private let metadata: any MetadataStore
    private let client: ChunkClient
    private let ring: any StorageRing
    private let clock: any Clock
    private let log: Logger

    /// Called after a chunk has been stored on this server's own disk.
    package var storedHere: @Loop () -> Void = {}

    /// How long one server is waited for before another one takes its copy (the spec, §5), besides the time that the
    /// bytes take on a slow network, 4 MB/s.
    private static func patience(for bytes: Int) -> Duration { .seconds(1) + .nanoseconds(250 * bytes) }

    /// For the second copy: a slow one is better than none, so those that were too slow are asked again for so long.
    private static let longPatience = Duration.seconds(5)
    private static let safeCopies = 2

    package init(
        chunks: any ChunkStore, metadata: any MetadataStore, client: ChunkClient, ring: any StorageRing,
        clock: any Clock, log: Logger
    ) {
        self.chunks = chunks
        self.metadata = metadata
        self.client = client
        self.ring = ring
        self.clock = clock
        self.log = log
    }

    /// The servers that did not take a chunk of this upload in time: the chunks after it go past them.
    @Loop
    package final class Attempt {
        /// What is uploaded, by the SHA-256 of its original.
        fileprivate let recording: ContentHash
        fileprivate var failed: Set<ServerID> = []
        /// Those of them that said nothing in time, and may be no worse than slow.
        fileprivate var slow: Set<ServerID> = []
        /// Why the last one failed, for the answer to the uploader.
        package fileprivate(set) var isDiskFull = false

        package init(_ recording: ContentHash) { self.recording = recording }
    }

    /// Stores a chunk on the servers where it belongs, or on the next in line where one of them fails.
    /// - Returns: on how many disks it is, 0 to `replicas`.
    package func store(_ hash: ContentHash, _ bytes: [UInt8], during attempt: Attempt) async -> Int {
        let end = clock.now + Self.longPatience + Self.patience(for: bytes.count)
        var holders: Set<ServerID> = []
        var tried: Set<ServerID> = []
        while holders.count < ring.replicas {
            let next = ring.placement.order(of: hash).filter { !attempt.failed.contains($0) && !tried.contains($0) }
                .prefix(ring.replicas - holders.count)
            if next.isEmpty { break }
            tried.formUnion(next)
            holders.formUnion(await put(hash, bytes, to: Array(next), during: attempt))
        }
        if holders.count < min(Self.safeCopies, ring.replicas), clock.now < end {
            let slow = ring.placement.order(of: hash).filter { attempt.slow.contains($0) && !holders.contains($0) }
            holders.formUnion(
                await put(hash, bytes, to: Array(slow.prefix(ring.replicas)), during: attempt, by: end))
        }
        return holders.count
    }

    /// - Returns: those that have it on disk.
    private func put(
        _ hash: ContentHash, _ bytes: [UInt8], to servers: [ServerID], during attempt: Attempt,
        by end: MonotonicTime? = nil
    ) async -> [ServerID] {
        let deadline = end ?? clock.now + Self.patience(for: bytes.count)
        let results = await Gather.all(servers) { [self] in
            await put(hash, bytes, to: $0, during: attempt, by: deadline)
        }
        return zip(servers, results).filter(\.1).map(\.0)
    }

    private func put(
        _ hash: ContentHash, _ bytes: [UInt8], to server: ServerID, during attempt: Attempt, by deadline: MonotonicTime
    ) async -> Bool {
        do {
            if server == ring.own {
                try await chunks.put(hash, bytes, for: [attempt.recording], isUpload: true, in: metadata)
                storedHere()
            } else {
                try await client.put(
                    hash, bytes, for: [attempt.recording], isUpload: true, to: server, deadline: deadline)
            }
            return true
        } catch {
            attempt.failed.insert(server)
            if Self.isSlow(error) { attempt.slow.insert(server) }
            if Self.saysFull(error) { attempt.isDiskFull = true }
            log.warning("a server did not take a chunk", ["peer": server.short, "error": "\(error)"])
            return false
        }
    }

    private static func isSlow(_ error: any Error) -> Bool {
        switch error as? PeerError {
        case .timedOut, .closed, .unreachable(.timedOut): true
        default: false
        }
    }

    private static func saysFull(_ error: any Error) -> Bool {
        if case StoreError.full = error { return true }
        if case PeerError.refused(code: "disk_full", message: _) = error { return true }
        return false
    }
}
