import DataServer
import Linux
import Model
import Placement
import Platform
import Testing
import TestTools
import Wire

/// A Router, the last node, that reads what three Data servers hold.
@Loop
private struct Readers {
    let cluster: StorageCluster
    let chunk: (hash: ContentHash, bytes: [UInt8])
    let router: StorageNode
    /// In the order of placement.
    let holders: [StorageNode]

    init(seed: UInt64) async throws {
        cluster = try await StorageCluster.start(4, data: 3)
        chunk = TestTools.chunk(seed)
        router = cluster.nodes[3]
        holders = Array(cluster.order(of: chunk.hash).prefix(3))
        for holder in holders { try await holder.chunks.put(chunk.hash, chunk.bytes) }
    }

    func read(within limit: Duration = .seconds(5)) async throws -> [UInt8] {
        try await router.reader.read(part(chunk), deadline: deadline(limit))
    }
}

@Suite(.timeLimit(.minutes(1))) struct ChunkReaderTests {

    @Test func `a holder that is dead is passed over at once`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 1)
            all.holders[0].stop()
            let began = LinuxClock().now
            #expect(try await all.read() == all.chunk.bytes)
            #expect(LinuxClock().now - began < .seconds(1))
            all.cluster.stop()
        }
    }

    @Test func `a holder that hangs costs the listener a moment, and the next parts nothing`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 2)
            all.holders[0].hang(.chunkRead)
            let began = LinuxClock().now
            #expect(try await all.read() == all.chunk.bytes)
            #expect(LinuxClock().now - began < .seconds(1))
            // Once its two seconds are over it is known, and asked last.
            #expect(await becomes { all.router.metrics.value("rondo_chunk_reads_failed_total") == 1 })
            for _ in 0..<5 { #expect(try await all.read() == all.chunk.bytes) }
            #expect(all.router.metrics.value("rondo_chunk_reads_failed_total") == 1)
            all.cluster.stop()
        }
    }

    @Test func `a wrong byte is never handed on, and who sent it gets a right copy`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 3)
            try all.holders[0].damage(all.chunk.hash)
            #expect(try await all.read() == all.chunk.bytes)
            #expect(all.router.metrics.value("rondo_wrong_bytes_total") == 1)
            #expect(await becomes { (try? all.holders[0].hasQuarantined(all.chunk.hash)) == true })
            #expect(await becomes { all.holders[0].chunks.length(of: all.chunk.hash) == all.chunk.bytes.count })
            all.cluster.stop()
        }
    }

    @Test func `a damaged copy of one's own goes into quarantine, and another one takes its place`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 4)
            let holder = all.holders[0]
            try holder.damage(all.chunk.hash)
            #expect(try await holder.reader.read(part(all.chunk), deadline: soon) == all.chunk.bytes)
            #expect(try holder.hasQuarantined(all.chunk.hash))
            #expect(await becomes { holder.chunks.length(of: all.chunk.hash) == all.chunk.bytes.count })
            #expect(try await holder.reader.read(part(all.chunk), deadline: soon) == all.chunk.bytes)
            #expect(holder.metrics.value("rondo_chunks_damaged_total") == 1)
            all.cluster.stop()
        }
    }

    @Test func `a chunk that is not where placement says is found, and remembered`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(5, data: 4)
            let chunk = chunk(5)
            let order = cluster.order(of: chunk.hash)
            let (router, finder) = (order[4], order[3])
            try await finder.chunks.put(chunk.hash, chunk.bytes)
            #expect(try await router.reader.read(part(chunk), deadline: soon) == chunk.bytes)
            for node in order { node.hang(.chunkHave) }
            let began = LinuxClock().now
            #expect(try await router.reader.read(part(chunk), deadline: soon) == chunk.bytes)
            #expect(LinuxClock().now - began < .milliseconds(500))
            #expect(
                try await router.reader.readWhole(chunk.hash, length: chunk.bytes.count, deadline: soon)
                    == chunk.bytes)
            cluster.stop()
        }
    }

    @Test func `the placement before the last change is tried before everybody is asked`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(5, data: 4)
            let chunk = chunk(6)
            let order = cluster.order(of: chunk.hash)
            let (router, holder) = (order[4], order[0])
            try await holder.chunks.put(chunk.hash, chunk.bytes)
            router.ring.earlierPlacements = [router.ring.placement]
            router.ring.placement = Placement(order[1...].map { Placement.Candidate(id: $0.id, role: .data) })
            for node in order { node.hang(.chunkHave) }
            #expect(try await router.reader.read(part(chunk), deadline: soon) == chunk.bytes)
            cluster.stop()
        }
    }

    @Test func `a chunk that nobody has is unavailable, long before the deadline`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(4, data: 3)
            let chunk = chunk(7)
            let began = LinuxClock().now
            await #expect(throws: ChunkUnavailable(hash: chunk.hash)) {
                try await cluster.nodes[3].reader.read(part(chunk), deadline: soon)
            }
            await #expect(throws: ChunkUnavailable(hash: chunk.hash)) {
                try await cluster.nodes[3].reader.readWhole(chunk.hash, length: 10, deadline: soon)
            }
            #expect(LinuxClock().now - began < .seconds(3))
            cluster.stop()
        }
    }

    @Test func `with every holder hanging the answer is no, by the deadline`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 8)
            for holder in all.holders { holder.hang(.chunkRead, .chunkHave) }
            let began = LinuxClock().now
            await #expect(throws: ChunkUnavailable(hash: all.chunk.hash)) { try await all.read(within: .seconds(1)) }
            #expect(LinuxClock().now - began < .milliseconds(1_500))
            all.cluster.stop()
        }
    }

    @Test func `a whole chunk is put together from the next server when one hangs in its middle`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 9)
            all.holders[0].hang(.chunkRead)
            all.holders[1].stop()
            let began = LinuxClock().now
            let bytes = try await all.router.reader.readWhole(
                all.chunk.hash, length: all.chunk.bytes.count, deadline: soon)
            #expect(bytes == all.chunk.bytes)
            #expect(LinuxClock().now - began < .milliseconds(1_500))
            all.cluster.stop()
        }
    }

    @Test func `what several listeners want is sent from memory, whatever becomes of the file`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 21)
            let (holder, part) = (all.holders[0], wholePart(all.chunk))
            #expect(try await !holder.reader.piece(part, deadline: soon).isHeld)
            let again = try await holder.reader.piece(part, deadline: soon)
            #expect(again.isHeld && Array(again.bytes) == all.chunk.bytes)
            try holder.damage(all.chunk.hash)
            let later = try await holder.reader.piece(part, deadline: soon)
            #expect(later.isHeld && Array(later.bytes) == all.chunk.bytes)
            // Whoever gets another part of it gets it from there as well.
            let checksums = part.checksums.dropFirst().prefix(1)
            let second = ChunkReader.Part(
                hash: part.hash, offset: Manifest.blockLength, length: Manifest.blockLength, checksums: checksums)
            let bytes = all.chunk.bytes[Manifest.blockLength..<2 * Manifest.blockLength]
            #expect(try await holder.reader.piece(second, deadline: soon).bytes == bytes)
            all.cluster.stop()
        }
    }

    @Test func `a damaged file does not come into memory: another holder's bytes go on at the same place`() async throws
    {
        try await onLoop {
            let all = try await Readers(seed: 22)
            let (holder, part) = (all.holders[0], wholePart(all.chunk))
            // The first listener has opened it; then a byte of the second block goes wrong under him.
            #expect(try await Array(holder.reader.piece(part, deadline: soon).bytes) == all.chunk.bytes)
            try holder.damage(all.chunk.hash)
            let next = try await holder.reader.piece(part, deadline: soon)
            #expect(!next.isHeld && Array(next.bytes) == all.chunk.bytes)
            #expect(try holder.hasQuarantined(all.chunk.hash))
            #expect(await becomes { holder.chunks.length(of: all.chunk.hash) == all.chunk.bytes.count })
            all.cluster.stop()
        }
    }

    @Test func `a file that was cut short under a listener is replaced as a damaged one is`() async throws {
        try await onLoop {
            let all = try await Readers(seed: 23)
            let (holder, part) = (all.holders[0], wholePart(all.chunk))
            #expect(try await Array(holder.reader.piece(part, deadline: soon).bytes) == all.chunk.bytes)
            try holder.cutShort(all.chunk.hash)
            let next = try await holder.reader.piece(part, deadline: soon)
            #expect(!next.isHeld && Array(next.bytes) == all.chunk.bytes)
            #expect(try holder.hasQuarantined(all.chunk.hash))
            #expect(await becomes { holder.chunks.length(of: all.chunk.hash) == all.chunk.bytes.count })
            all.cluster.stop()
        }
    }

    private func wholePart(_ chunk: (hash: ContentHash, bytes: [UInt8])) -> ChunkReader.Part {
        let known = part(chunk)
        return ChunkReader.Part(
            hash: known.hash, offset: 0, length: known.length, checksums: known.checksums,
            of: (known.length, Array(known.checksums)))
    }
}

extension StreamPiece {
    fileprivate var isHeld: Bool { if case .held = self { true } else { false } }
}
