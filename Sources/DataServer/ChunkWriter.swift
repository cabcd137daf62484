package import Model
internal import Peers
internal import Placement
package import Platform

/// Stores chunks on as many servers as there shall be copies, and says how many have it on disk.
@Loop
package final class ChunkWriter {
    private let chunks: any ChunkStore
    private let client: ChunkClient
    private let ring: any StorageRing
    private let clock: any Clock
    private let log: Logger

    /// Called after a chunk has been stored on this server's own disk.
    package var storedHere: @Loop () -> Void = {}

    /// How long one server is waited for before another one takes its copy (the spec, §5), besides the time that the
    /// bytes take on a slow network, 4 MB/s.
    private static func patience(for bytes: Int) -> Duration { .seconds(1) + .nanoseconds(250 * bytes) }

    package init(chunks: any ChunkStore, client: ChunkClient, ring: any StorageRing, clock: any Clock, log: Logger) {
        self.chunks = chunks
        self.client = client
        self.ring = ring
        self.clock = clock
        self.log = log
    }

    /// The servers that did not take a chunk of this upload in time: the chunks after it go past them.
    @Loop
    package final class Attempt {
        fileprivate var failed: Set<ServerID> = []
        /// Why the last one failed, for the answer to the uploader.
        package fileprivate(set) var isDiskFull = false

        package init() {}
    }

    /// Stores a chunk on the servers where it belongs, or on the next in line where one of them fails.
    /// - Returns: on how many disks it is, 0 to `replicas`.
    package func store(_ hash: ContentHash, _ bytes: [UInt8], during attempt: Attempt) async -> Int {
        var copies = 0
        var tried: Set<ServerID> = []
        while copies < ring.replicas {
            let next = ring.placement.order(of: hash).filter { !attempt.failed.contains($0) && !tried.contains($0) }
                .prefix(ring.replicas - copies)
            if next.isEmpty { break }
            tried.formUnion(next)
            let results = await Gather.all(Array(next)) { [self] in await put(hash, bytes, to: $0, during: attempt) }
            copies += results.count { $0 }
        }
        return copies
    }

    private func put(_ hash: ContentHash, _ bytes: [UInt8], to server: ServerID, during attempt: Attempt) async -> Bool
    {
        do {
            if server == ring.own {
                try await chunks.put(hash, bytes)
                storedHere()
            } else {
                try await client.put(hash, bytes, to: server, deadline: clock.now + Self.patience(for: bytes.count))
            }
            return true
        } catch {
            attempt.failed.insert(server)
            if Self.saysFull(error) { attempt.isDiskFull = true }
            log.warning("a server did not take a chunk", ["peer": server.short, "error": "\(error)"])
            return false
        }
    }

    private static func saysFull(_ error: any Error) -> Bool {
        if case StoreError.full = error { return true }
        if case PeerError.refused(code: "disk_full", message: _) = error { return true }
        return false
    }
}
