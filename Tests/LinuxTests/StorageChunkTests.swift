import Crypto
import FoundationEssentials
import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

struct StorageChunkTests {
    @Test func `a chunk is read as it was put, in any part, and by the next process too`() async throws {
        let folder = try StorageFolder()
        let (hash, bytes) = smallChunk(1)
        let store = try await folder.chunks()
        try await store.put(hash, bytes)
        for store in [store, try await folder.chunks()] {
            #expect(store.length(of: hash) == 10_000)
            #expect(store.usage == (1, 10_000))
            #expect(store.inventory() == [hash])
            #expect(try await store.read(hash, offset: 0, length: .max) == bytes)
            #expect(try await store.read(hash, offset: 9_990, length: 100) == Array(bytes.suffix(10)))
            #expect(try await store.read(hash, offset: 100, length: 5) == Array(bytes[100..<105]))
            #expect(try await store.read(hash, offset: 10_000, length: 5) == [])
            #expect(try await store.read(hash, offset: .max, length: .max) == [])
            #expect(try await store.read(hash, offset: -1, length: 5) == [])
            try await store.verify(hash)
        }
        #expect(FileManager.default.fileExists(atPath: folder.file(of: hash)))
    }

    @Test func `bytes that are not what their name says are refused and leave nothing`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        await #expect(throws: StoreError.corrupt) { try await store.put(smallChunk(1).hash, smallChunk(2).bytes) }
        await #expect(throws: StoreError.corrupt) { try await store.put(SHA256.hash([UInt8]()), []) }
        #expect(store.usage == (0, 0))
        #expect(try folder.names("chunks/new").isEmpty)
        #expect(try await folder.chunks().inventory().isEmpty)
        await #expect(throws: StoreError.missing) { try await store.read(smallChunk(1).hash, offset: 0, length: 1) }
        await #expect(throws: StoreError.missing) { try await store.verify(smallChunk(1).hash) }
    }

    @Test func `twenty puts of one chunk at once store it once`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks(capacity: 15_000)
        let (hash, bytes) = smallChunk(1)
        try await withThrowingTaskGroup { group in
            for _ in 0..<20 { group.addTask { try await store.put(hash, bytes) } }
            try await group.waitForAll()
        }
        #expect(store.usage == (1, 10_000))
        #expect(try folder.names("chunks/new").isEmpty)
    }

    @Test func `a put that waits for another one's wrong bytes stores the right ones`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        let (hash, bytes) = smallChunk(1)
        await withTaskGroup { group in
            for index in 0..<20 {
                group.addTask {
                    do throws(StoreError) {
                        try await store.put(hash, index.isMultiple(of: 2) ? bytes : smallChunk(2).bytes)
                    } catch {
                        #expect(error == .corrupt && !index.isMultiple(of: 2))
                    }
                }
            }
        }
        #expect(try await store.read(hash, offset: 0, length: .max) == bytes)
    }

    @Test func `no more than the capacity is stored, also by puts at once`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks(capacity: 35_000)
        let refused = await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<10 {
                group.addTask {
                    do throws(StoreError) {
                        try await store.put(smallChunk(UInt64(seed)).hash, smallChunk(UInt64(seed)).bytes)
                        return false
                    } catch {
                        return error == .full
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 7)
        #expect(store.usage == (3, 30_000))
    }

    @Test func `what a crash left half written is removed at the start`() async throws {
        let folder = try StorageFolder()
        let (hash, bytes) = smallChunk(1)
        try await folder.chunks().put(hash, bytes)
        try folder.write(Array(bytes.prefix(77)), to: "\(folder.path)/chunks/new/12")
        let store = try await folder.chunks()
        #expect(try folder.names("chunks/new").isEmpty)
        #expect(store.inventory() == [hash])
        #expect(store.quarantinedAtStart == 0)
    }

    @Test func `empty, misnamed and misplaced files are put into quarantine at the start`() async throws {
        let folder = try StorageFolder()
        let hashes = (0..<3).map { smallChunk(UInt64($0)).hash }
        try await folder.chunks().put(hashes[0], smallChunk(0).bytes)
        try folder.write([], to: folder.file(of: hashes[1]))
        try folder.write([1], to: "\(folder.path)/chunks/00/00/\(hashes[2])")
        try folder.write([1], to: "\(folder.path)/chunks/ab/cd/readme.txt")
        try folder.write([1], to: "\(folder.path)/chunks/notes.txt")
        let store = try await folder.chunks()
        #expect(store.quarantinedAtStart == 3)
        #expect(store.inventory() == [hashes[0]])
        #expect(try folder.names("quarantine").count == 3)
        #expect(try await folder.chunks().quarantinedAtStart == 0)
    }

    @Test func `a copy with a changed bit, or cut off, goes into quarantine and can be put again`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        let (hash, bytes) = smallChunk(1)
        for bad in [[bytes[0] ^ 1] + bytes.dropFirst(), Array(bytes.dropLast())] {
            try await store.put(hash, bytes)
            try folder.write(bad, to: folder.file(of: hash))
            await #expect(throws: StoreError.corrupt) { try await store.verify(hash) }
            #expect(store.length(of: hash) == nil)
            #expect(try folder.names("quarantine") == [hash.description])
            #expect(!FileManager.default.fileExists(atPath: folder.file(of: hash)))
        }
        try await store.put(hash, bytes)
        try await store.verify(hash)
    }

    @Test func `a file removed from outside counts as missing from then on`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        let (hash, bytes) = smallChunk(1)
        try await store.put(hash, bytes)
        try FileManager.default.removeItem(atPath: folder.file(of: hash))
        await #expect(throws: StoreError.missing) { try await store.read(hash, offset: 0, length: 10) }
        #expect(store.usage == (0, 0))
        try await store.put(hash, bytes)
        #expect(try await store.read(hash, offset: 0, length: .max) == bytes)
    }

    @Test func `a full disk is told apart from other errors`() throws {
        let full = try DiskFile("/dev/full", O_WRONLY)
        #expect(throws: StoreError.full) { try full.write([1], offset: 0) }
    }

    @Test func `a write that fails leaves nothing, and what works later is stored`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        let (hash, bytes) = smallChunk(1)
        // A file where the chunk's folder is to be.
        try folder.write([1], to: String(folder.file(of: hash).dropLast(65)))
        await #expect(throws: StoreError.self) { try await store.put(hash, bytes) }
        #expect(store.usage == (0, 0))
        #expect(try folder.names("chunks/new").isEmpty)
        try FileManager.default.removeItem(atPath: String(folder.file(of: hash).dropLast(65)))
        try await store.put(hash, bytes)
        try await store.verify(hash)
    }

    @Test func `a thousand chunks are found again in the order of their hashes`() async throws {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        let chunks = (0..<1_000).map { chunk(UInt64($0), length: 16) }
        try await withThrowingTaskGroup { group in
            for chunk in chunks { group.addTask { try await store.put(chunk.hash, chunk.bytes) } }
            try await group.waitForAll()
        }
        let again = try await folder.chunks()
        #expect(again.inventory() == chunks.map(\.hash).sorted())
        #expect(again.usage == (1_000, 16_000))
    }
}

struct ChunkRemovalTests {
    private func store(_ folder: StorageFolder, lease: Duration) async throws -> FileChunkStore {
        try await FileChunkStore.open(home: folder.path, lease: lease, pool: folder.pool)
    }

    @Test func `a chunk without a lease is removed for good, and may be put again`() async throws {
        let folder = try StorageFolder()
        let store = try await store(folder, lease: .zero)
        let (hash, bytes) = smallChunk(1)
        try await store.put(hash, bytes)
        #expect(try await store.remove(hash))
        #expect(store.usage == (0, 0) && store.length(of: hash) == nil)
        #expect(!FileManager.default.fileExists(atPath: folder.file(of: hash)))
        await #expect(throws: StoreError.missing) { try await store.read(hash, offset: 0, length: 1) }
        #expect(try await store.remove(hash) == false)
        try await store.put(hash, bytes)
        #expect(try await store.read(hash, offset: 0, length: .max) == bytes)
        #expect(try await folder.chunks().inventory() == [hash])
    }

    @Test func `what was put, or promised to be kept, a lease ago or less stays`() async throws {
        let folder = try StorageFolder()
        let store = try await store(folder, lease: .seconds(600))
        let (hash, bytes) = smallChunk(1)
        _ = store.lease([hash])
        try await store.put(hash, bytes)
        #expect(store.isLeased(hash))
        #expect(try await store.remove(hash) == false)
        #expect(store.length(of: hash) == bytes.count)
        #expect(store.lease([hash, smallChunk(2).hash]) == [true, false])
        // The leases of the process before are not known.
        let next = try await self.store(folder, lease: .seconds(600))
        #expect(next.isLeased(hash) && next.isLeased(smallChunk(2).hash))
        #expect(try await next.remove(hash) == false)
    }

    @Test func `leases end by themselves, each after its own time`() {
        var leases = ChunkLeases(term: .seconds(10), openedAt: .zero)
        let (one, other) = (smallChunk(1).hash, smallChunk(2).hash)
        let start = MonotonicTime.zero
        #expect(leases.isTaken(one, at: start + .seconds(9)))
        #expect(!leases.isTaken(one, at: start + .seconds(10)))
        leases.take(one, at: start + .seconds(20))
        leases.take(other, at: start + .seconds(25))
        leases.take(one, at: start + .seconds(24))
        #expect(leases.isTaken(one, at: start + .seconds(33)) && leases.isTaken(other, at: start + .seconds(34)))
        #expect(!leases.isTaken(one, at: start + .seconds(34)) && !leases.isTaken(other, at: start + .seconds(35)))
    }

    @Test func `a put that meets a removal leaves the chunk there, whole`() async throws {
        let folder = try StorageFolder()
        let store = try await store(folder, lease: .seconds(1))
        let (hash, bytes) = smallChunk(1)
        for _ in 0..<4 {
            try await store.put(hash, bytes)
            #expect(try await onLoop { await becomes { !store.isLeased(hash) } })
            async let removed = store.remove(hash)
            _ = store.lease([hash])
            try await store.put(hash, bytes)
            _ = try await removed
            let held = try await store.read(hash, offset: 0, length: .max)
            #expect(held == bytes)
        }
    }

    @Test func `what is in the page cache is read without waiting, and only as long as it is what it was`() async throws
    {
        let folder = try StorageFolder()
        let store = try await folder.chunks()
        let (hash, bytes) = smallChunk(4)
        try await store.put(hash, bytes)
        // Nobody has opened it yet.
        #expect(store.readCached(hash, offset: 0, length: 10) == nil)
        #expect(try await store.read(hash, offset: 0, length: 10) == Array(bytes.prefix(10)))
        #expect(store.readCached(hash, offset: 5, length: 9_000) == Array(bytes[5..<9_005]))
        #expect(store.readCached(hash, offset: 9_990, length: 100) == Array(bytes.suffix(10)))
        #expect(store.readCached(hash, offset: 10_000, length: 1) == nil)
        // Cut short by somebody: it is for `read` to say so.
        #expect(unsafe truncate(folder.file(of: hash), 9_000) == 0)
        #expect(store.readCached(hash, offset: 5, length: 9_000) == nil)
        #expect(try await store.read(hash, offset: 5, length: 9_000).count == 8_995)
        await #expect(throws: StoreError.corrupt) { try await store.verify(hash) }
        #expect(store.readCached(hash, offset: 0, length: 10) == nil)
        // The copy that replaces it is another file.
        try await store.put(hash, bytes)
        #expect(try await store.read(hash, offset: 0, length: .max) == bytes)
        #expect(store.readCached(hash, offset: 0, length: .max) == bytes)
        #expect(unsafe unlink(folder.file(of: hash)) == 0)
        #expect(store.readCached(hash, offset: 0, length: 10) == nil)
        await #expect(throws: StoreError.missing) { try await store.read(hash, offset: 0, length: 10) }
    }
}
