internal import Crypto
internal import Glibc
package import Model
package import Platform

/// Chunks as files, `chunks/ab/cd/<sha256>`, and the list of them in memory.
///
/// A chunk is written to a temporary file, synced, renamed and its folder synced: it is there whole or not at all, and
/// there for good once `put` returns. What a crash leaves behind is removed at the next start.
package final class FileChunkStore: ChunkStore {
    /// Longer files are no chunks: the longest audio chunk has 4 MiB, the longest cover is bounded by the parser.
    private static let maximumLength: Int64 = 64 << 20

    private let folder: ChunkFolder
    private let inventoryState: Locked<ChunkInventory>
    private let pool: any BlockingRunner
    /// How many files were found at the start that are no chunks, and were put into quarantine: for the log.
    package let quarantinedAtStart: Int

    /// Opens the store in `home`, making its folders, and reads which chunks are there.
    /// - Parameters:
    ///   - capacity: bytes of chunks that may be stored; nil leaves it to the disk.
    ///   - lease: how long a chunk is kept after each lease, and after the start, whatever else is known of it.
    ///   - pool: runs the disk's calls; two to four threads.
    /// - Throws: `failed` for a folder that cannot be read or written, `full`.
    package static func open(
        home: String, capacity: Int64? = nil, lease: Duration = .seconds(600), pool: any BlockingRunner
    ) async throws(StoreError) -> FileChunkStore {
        try await pool.run { () throws(StoreError) in
            let folder = ChunkFolder(home: home)
            try folder.prepare()
            var inventory = ChunkInventory(
                capacity: capacity, leases: ChunkLeases(term: lease, openedAt: Reactor.now))
            let quarantined = try folder.walk { hash, length in
                guard (1...maximumLength).contains(length) else { return false }
                inventory.insert(hash, length: Int(length))
                return true
            }
            return FileChunkStore(folder: folder, inventory: inventory, pool: pool, quarantined: quarantined)
        }
    }

    private init(folder: ChunkFolder, inventory: ChunkInventory, pool: any BlockingRunner, quarantined: Int) {
        self.folder = folder
        inventoryState = Locked(inventory)
        self.pool = pool
        quarantinedAtStart = quarantined
    }

    package func length(of hash: ContentHash) -> Int? { inventoryState.withLock { $0.length(of: hash) } }
    package func inventory() -> [ContentHash] { inventoryState.withLock { $0 }.sorted }
    package var usage: (chunks: Int, bytes: Int64) { inventoryState.withLock { ($0.count, $0.bytes) } }
}

// MARK: Writing and checking

extension FileChunkStore {
    package func put(_ hash: ContentHash, _ bytes: [UInt8]) async throws(StoreError) {
        guard (1...Self.maximumLength).contains(Int64(bytes.count)) else { throw .corrupt }
        while true {
            switch inventoryState.withLock({ $0.claimForWriting(hash, length: bytes.count) }) {
            case .held: return
            case .full: throw .full
            case .busy: await otherCallEnds(hash)
            case .granted: return try await write(hash, bytes)
            }
        }
    }

    private func write(_ hash: ContentHash, _ bytes: [UInt8]) async throws(StoreError) {
        var isStored = false
        defer {
            resume(inventoryState.withLock { $0.endWriting(hash, length: bytes.count, stored: isStored) })
        }
        try await pool.run { [folder] () throws(StoreError) in
            guard SHA256.hash(bytes) == hash else { throw .corrupt }
            try folder.write(hash, bytes)
        }
        isStored = true
    }

    package func lease(_ hashes: [ContentHash]) -> [Bool] {
        inventoryState.withLock { inventory in
            hashes.map { hash in
                inventory.lease(hash, at: Reactor.now)
                return inventory.length(of: hash) != nil
            }
        }
    }

    package func isLeased(_ hash: ContentHash) -> Bool {
        inventoryState.withLock { $0.isLeased(hash, at: Reactor.now) }
    }

    package func remove(_ hash: ContentHash) async throws(StoreError) -> Bool {
        while true {
            switch inventoryState.withLock({ $0.claimForRemoval(hash, at: Reactor.now) }) {
            case nil: return false
            case (.granted, let length)?:
                try await unlink(hash, length: length)
                return true
            default: await otherCallEnds(hash)
            }
        }
    }

    private func unlink(_ hash: ContentHash, length: Int) async throws(StoreError) {
        defer { resume(inventoryState.withLock { $0.endChecking(hash) }) }
        do throws(StoreError) {
            try await pool.run { [folder] () throws(StoreError) in try folder.remove(hash) }
        } catch {
            inventoryState.withLock { $0.insert(hash, length: length) }
            throw error
        }
    }

    package func verify(_ hash: ContentHash) async throws(StoreError) {
        while true {
            guard length(of: hash) != nil else { throw .missing }
            switch inventoryState.withLock({ $0.claimForChecking(hash) }) {
            case .granted: return try await check(hash)
            default: await otherCallEnds(hash)
            }
        }
    }

    private func check(_ hash: ContentHash) async throws(StoreError) {
        defer { resume(inventoryState.withLock { $0.endChecking(hash) }) }
        try await pool.run { [self] () throws(StoreError) in
            do throws(StoreError) {
                if try folder.digest(hash) == hash { return }
            } catch .missing {
                inventoryState.withLock { $0.remove(hash) }
                throw .missing
            } catch .failed(EIO, _) {
                // The disk cannot read it any more: as bad as wrong bytes.
            }
            inventoryState.withLock { $0.remove(hash) }
            try folder.quarantine(hash)
            throw .corrupt
        }
    }

    private func otherCallEnds(_ hash: ContentHash) async {
        await withCheckedContinuation { continuation in
            if !inventoryState.withLock({ $0.wait(for: hash, continuation) }) { continuation.resume() }
        }
    }

    private func resume(_ waiting: [CheckedContinuation<Void, Never>]) {
        for continuation in waiting { continuation.resume() }
    }
}

// MARK: Reading

extension FileChunkStore {
    package func read(_ hash: ContentHash, offset: Int, length: Int) async throws(StoreError) -> [UInt8] {
        guard let whole = self.length(of: hash) else { throw .missing }
        let count = min(length, whole - min(max(offset, 0), whole))
        guard offset >= 0, count > 0 else { return [] }
        do throws(StoreError) {
            return try await pool.run { [self] () throws(StoreError) in
                try folder.read(hash, offset: offset, length: count)
            }
        } catch .missing {
            // Somebody removed the file from outside.
            inventoryState.withLock { $0.remove(hash) }
            throw .missing
        }
    }

    package func readCached(_ hash: ContentHash, offset: Int, length: Int) -> [UInt8]? {
        guard let whole = self.length(of: hash) else { return nil }
        let count = min(length, whole - min(max(offset, 0), whole))
        guard offset >= 0, count > 0 else { return nil }
        return folder.readCached(hash, offset: offset, length: count)
    }

    package func hold(_ bytes: [UInt8]) -> (any HeldBytes)? { SealedMemory(bytes) }
}
