import DataServer
import Linux
import Model
import Platform
import Testing
import TestTools
import Wire

@Suite(.timeLimit(.minutes(1))) struct ChunkWriterTests {

    @Test func `a chunk is stored on the three servers where it belongs`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(5, data: 4)
            let chunk = chunk(11)
            #expect(await cluster.nodes[4].writer.store(chunk.hash, chunk.bytes, during: .init(recording)) == 3)
            for holder in cluster.order(of: chunk.hash).prefix(3) {
                #expect(holder.chunks.length(of: chunk.hash) == chunk.bytes.count)
            }
            #expect(cluster.holders(of: chunk.hash) == 3)
            cluster.stop()
        }
    }

    @Test func `where a server hangs the next in line takes its copy, within about a second`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(5, data: 5)
            let chunk = chunk(12)
            let order = cluster.order(of: chunk.hash)
            order[0].hang(.chunkPut)
            let attempt = ChunkWriter.Attempt(recording)
            let began = LinuxClock().now
            #expect(await order[4].writer.store(chunk.hash, chunk.bytes, during: attempt) == 3)
            let time = LinuxClock().now - began
            #expect(time > .milliseconds(900) && time < .milliseconds(2_500))
            #expect(order[3].chunks.length(of: chunk.hash) != nil)
            // The next chunk of the same upload does not wait for it again.
            let next = TestTools.chunk(13)
            let then = LinuxClock().now
            #expect(await order[4].writer.store(next.hash, next.bytes, during: attempt) == 3)
            #expect(LinuxClock().now - then < .milliseconds(1_000))
            cluster.stop()
        }
    }

    @Test func `where only slow servers are left they are waited for until there are two copies`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(2, data: 2)
            let chunk = chunk(18)
            let slow = cluster.nodes[1]
            // Longer than one server is waited for, and shorter than the second copy is.
            slow.delay(.chunkPut, by: .seconds(2))
            #expect(await cluster.nodes[0].writer.store(chunk.hash, chunk.bytes, during: .init(recording)) == 2)
            slow.hang(.chunkPut)
            let (other, began) = (TestTools.chunk(19), LinuxClock().now)
            #expect(await cluster.nodes[0].writer.store(other.hash, other.bytes, during: .init(recording)) == 1)
            #expect(LinuxClock().now - began < .seconds(9))
            cluster.stop()
        }
    }

    @Test func `a full disk is passed over, and said to be full when no other is left`() async throws {
        try await onLoop {
            let full = try await StorageNode(capacity: 1_000)
            let cluster = StorageCluster([full, try await StorageNode(), try await StorageNode()], data: 3)
            let chunk = chunk(14)
            let attempt = ChunkWriter.Attempt(recording)
            #expect(await cluster.nodes[1].writer.store(chunk.hash, chunk.bytes, during: attempt) == 2)
            #expect(attempt.isDiskFull)
            #expect(cluster.holders(of: chunk.hash) == 2)
            cluster.stop()
        }
    }

    @Test func `this server's own disk counts as one copy, and a dead server as none`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            let chunk = chunk(15)
            var storedHere = 0
            cluster.nodes[0].writer.storedHere = { storedHere += 1 }
            cluster.nodes[2].stop()
            #expect(await cluster.nodes[0].writer.store(chunk.hash, chunk.bytes, during: .init(recording)) == 2)
            #expect(storedHere == 1)
            cluster.stop()
        }
    }

    @Test func `bytes that are not what the hash names are stored nowhere`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            let (right, wrong) = (chunk(16), chunk(17))
            #expect(await cluster.nodes[0].writer.store(right.hash, wrong.bytes, during: .init(recording)) == 0)
            #expect(cluster.holders(of: right.hash) == 0)
            cluster.stop()
        }
    }
}
