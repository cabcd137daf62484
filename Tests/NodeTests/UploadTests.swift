import Crypto
import HTTP
import Linux
import Model
import Platform
import SQLiteStore
import Testing
import TestTools

/// Songs going in: what is stored, what is refused, and what is left of it when something breaks.
@Suite(.serialized, .timeLimit(.minutes(2))) struct UploadTests {

    @Test func `the same file again is the same song, another file under its names is not`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let first = try await cluster.router().upload(wave(1), title: "One")
            #expect(first.status == 201 && first.headers["X-Rondo-Replicas"] == "3", "\(first.text)")
            let chunks = cluster.allChunks
            for server in cluster.routers {
                let again = try await server.upload(wave(1), title: "One")
                #expect(again.status == 200 && again.headers["X-Rondo-Replicas"] == "3", "\(again.text)")
                let other = try await server.upload(wave(2), title: "One")
                #expect(other.status == 409 && other.text.contains("One"))
            }
            #expect(cluster.allChunks == chunks)
            for server in cluster.servers { #expect(try await server.metadata?.songCount() == 1) }
            await cluster.stop()
        }
    }

    @Test func `what is no music leaves nothing behind`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(3)
            let router = try cluster.router()
            #expect(try await router.upload(Array("no music".utf8), title: "Text").status == 415)
            let empty = try await router.upload([], title: "Empty")
            #expect(empty.status == 422 && empty.text.contains("empty_file"), "\(empty.text)")
            let cut = try await router.upload(Array(wave(3).prefix(20)), title: "Cut")
            #expect((400..<500).contains(cut.status))
            #expect(cluster.allChunks.isEmpty)
            for server in cluster.servers { #expect(try await server.metadata?.songCount() == 0) }
            await cluster.stop()
        }
    }

    @Test func `with full disks an upload is refused whole, and succeeds once there is room`() async throws {
        try await onLoop {
            let cluster = try LiveCluster()
            try await cluster.startRegistry()
            try await cluster.add()
            for _ in 0..<2 { try await cluster.add(capacity: 200_000) }
            #expect(await cluster.isInOrder(3))
            let refused = try await cluster.router().upload(wave(4), title: "Full")
            #expect(refused.status == 507, "\(refused.text)")
            for server in cluster.servers { #expect(try await server.metadata?.songCount() == 0) }
            try await cluster.add()
            #expect(await cluster.isInOrder(4))
            let stored = try await cluster.router().upload(wave(4), title: "Full")
            #expect(stored.status == 201 && stored.headers["X-Rondo-Replicas"] == "2", "\(stored.text)")
            let path = try #require(stored.headers["Location"]) + "/audio"
            #expect(try await cluster.router().get(path).body == wave(4))
            await cluster.stop()
        }
    }

    @Test func `one file uploaded at every Router at once is one song`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(5)
            let uploads = cluster.routers.map { server in
                Task { @Loop in try await server.upload(wave(5), title: "At once").status }
            }
            for upload in uploads { #expect([200, 201].contains(try await upload.value)) }
            for server in cluster.servers {
                #expect(await becomes { (try? await server.metadata?.songCount()) == 1 })
            }
            #expect(cluster.short() == 0)
            await cluster.stop()
        }
    }

    @Test func `files of the same names at several Routers at once: each answer is about the file it was given`()
        async throws
    {
        try await onLoop {
            let cluster = try await LiveCluster.start(5)
            for round in 0..<8 {
                let uploads = cluster.routers.enumerated().map { number, server in
                    let file = wave(UInt64(100 + round * 10 + number))
                    let answer = Task { @Loop in try await server.upload(file, title: "Clash \(round)") }
                    return (file: file, server: server, answer: answer)
                }
                for upload in uploads {
                    let answer = try await upload.answer.value
                    guard answer.status != 409 else { continue }
                    #expect(answer.status == 201 && answer.text.contains(SHA256.hash(upload.file).description))
                }
                for upload in uploads where try await upload.answer.value.status != 409 {
                    let again = try await upload.server.upload(upload.file, title: "Clash \(round)")
                    #expect(again.status == 200, "\(again.text)")
                    let path = try #require(again.headers["Location"])
                    #expect(try await upload.server.get(path + "/audio").body == upload.file)
                }
            }
            await cluster.stop()
        }
    }

    @Test func `an upload during which a server dies is whole, or succeeds the second time`() async throws {
        try await onLoop {
            let cluster = try await LiveCluster.start(4)
            let song = wave(6)
            let victim = try #require(cluster.living.first { $0.role == .data })
            let router = try cluster.router()
            let upload = Task { @Loop in try await router.upload(song, title: "Cut short") }
            #expect(
                await becomes {
                    !cluster.allChunks.isEmpty
                })
            await victim.kill()
            var answer = try await upload.value
            if answer.status >= 500 { answer = try await cluster.router().upload(song, title: "Cut short") }
            #expect([200, 201].contains(answer.status), "\(answer.text)")
            #expect(await becomes { cluster.short() == 0 })
            let path = try #require(answer.headers["Location"]) + "/audio"
            #expect(try await cluster.router().get(path).body == song)
            await cluster.stop()
        }
    }
}
