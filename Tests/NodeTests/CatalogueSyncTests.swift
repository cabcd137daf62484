import Catalogue
import Crypto
import DataServer
import Linux
import Model
import Platform
import SQLiteStore
import Testing
import TestTools
import Wire

extension StorageNode {
    /// Enters a song here; nobody else hears of it.
    @discardableResult
    func enter(_ title: String) async throws -> LogRecord? {
        let content = SongContent(
            sha256: SHA256.hash(Array(title.utf8)), bytes: 1_000, contentType: "audio/wav", durationMs: 1_000,
            chunks: 1, manifest: SHA256.hash(Array("\(title) manifest".utf8)), manifestLength: 10, cover: nil)
        let names = SongNames(SongTags(title: title), fileName: "")
        let song = SongEntry(names, content: content, addedAtMs: 1, at: catalogue.stamp())
        return try await metadata.change(song.id) { _ in song }?.record
    }

    /// Enters a song here and tells the others.
    func spread(_ title: String, wanted: Int = 3) async throws -> Int {
        guard let record = try await enter(title) else { return 0 }
        return await catalogue.spread([record], wanted: wanted)
    }

    func titles() async -> [String] {
        (try? await metadata.entries(after: nil, limit: 100_000))?.map(\.title.value).sorted() ?? []
    }
}

@Suite(.timeLimit(.minutes(1))) struct CatalogueSyncTests {

    @Test func `a change is on every other server's disk when it is acknowledged`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            #expect(try await cluster.nodes[0].spread("One") == 3)
            for node in cluster.nodes { #expect(await node.titles() == ["One"]) }
            cluster.stop()
        }
    }

    @Test func `a server alone acknowledges for itself`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(1, data: 1)
            #expect(try await cluster.nodes[0].spread("One", wanted: 1) == 1)
            cluster.stop()
        }
    }

    @Test func `a server that missed a change fetches it when the next one comes, and acknowledges`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            for number in 0..<20 { try await cluster.nodes[0].enter("Missed \(number)") }
            #expect(try await cluster.nodes[0].spread("Told") == 3)
            for node in cluster.nodes { #expect(try await node.metadata.songCount() == 21) }
            cluster.stop()
        }
    }

    @Test func `who is asked by one that knows more fetches what it lacks`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(2, data: 2)
            for number in 0..<20 { try await cluster.nodes[0].enter("Missed \(number)") }
            // The other one never asks of its own accord.
            cluster.nodes[0].catalogue.start()
            #expect(await becomes { (try? await cluster.nodes[1].metadata.songCount()) == 20 })
            cluster.stop()
        }
    }

    @Test func `a change that comes twice is applied once`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(2, data: 2)
            let record = try #require(try await cluster.nodes[0].enter("One"))
            #expect(await cluster.nodes[0].catalogue.spread([record], wanted: 2) == 2)
            let vector = try await cluster.nodes[1].metadata.vector()
            #expect(await cluster.nodes[0].catalogue.spread([record], wanted: 2) == 2)
            #expect(try await cluster.nodes[1].metadata.vector() == vector)
            cluster.stop()
        }
    }

    @Test func `two servers that change at once agree on both changes`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            let tasks = (0..<20).map { number in
                Task { @Loop in try await cluster.nodes[number % 2].spread("Song \(number)") }
            }
            for task in tasks { #expect(try await task.value == 3) }
            let titles = await cluster.nodes[0].titles()
            #expect(titles.count == 20)
            for node in cluster.nodes { #expect(await node.titles() == titles) }
            cluster.stop()
        }
    }

    @Test func `one who comes late fetches everything, and is caught up only then`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            for number in 0..<250 { try await cluster.nodes[number % 2].enter("Song \(number)") }
            let late = cluster.nodes[2]
            #expect(!late.catalogue.isCaughtUp)
            for node in cluster.nodes { node.catalogue.start() }
            #expect(await becomes { late.catalogue.isCaughtUp })
            #expect(await becomes { (try? await late.metadata.songCount()) == 250 })
            cluster.stop()
        }
    }

    @Test func `two who come late at once do not take each other for caught up`() async throws {
        try await onLoop {
            // Whom they ask first follows from their ids, which are random.
            for _ in 0..<6 {
                let cluster = try await StorageCluster.start(3, data: 3)
                for number in 0..<50 { try await cluster.nodes[0].enter("Song \(number)") }
                let late = cluster.nodes.dropFirst()
                for node in late { node.catalogue.start() }
                for node in late {
                    #expect(await becomes { node.catalogue.isCaughtUp })
                    #expect(try await node.metadata.songCount() == 50)
                }
                cluster.stop()
            }
        }
    }

    @Test func `a server that hangs is not waited for beyond a second`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(3, data: 3)
            cluster.nodes[2].hang(.catalogueAppend)
            let began = LinuxClock().now
            #expect(try await cluster.nodes[0].spread("One") == 2)
            #expect(LinuxClock().now - began < .milliseconds(1_500))
            #expect(await cluster.nodes[2].titles().isEmpty)
            cluster.nodes[2].catalogue.start()
            #expect(await becomes { await cluster.nodes[2].titles() == ["One"] })
            cluster.stop()
        }
    }

    @Test func `two sides that differ in a thousand entries are soon one catalogue, by the rules`() async throws {
        try await onLoop {
            let cluster = try await StorageCluster.start(2, data: 2)
            let (left, right) = (cluster.nodes[0], cluster.nodes[1])
            for number in 0..<100 { try await left.enter("Common \(number)") }
            left.catalogue.start()
            right.catalogue.start()
            #expect(await becomes { (try? await right.metadata.songCount()) == 100 })
            for node in cluster.nodes { node.catalogue.stop() }
            let ids = try await left.metadata.entries(after: nil, limit: 200).map(\.id)
            for number in 0..<450 {
                try await left.enter("Left \(number)")
                try await right.enter("Right \(number)")
            }
            // The later change of each field wins; a deletion wins over what was before, and a later sign of life over
            // it.
            for (index, id) in ids.enumerated() {
                let early = left.catalogue.stamp()
                let late = Stamp(wallMs: early.wallMs + 1, counter: 0, writer: right.id)
                let last = Stamp(wallMs: early.wallMs + 2, counter: 0, writer: left.id)
                _ = try await left.metadata.change(id) { $0?.edited(SongTags(title: "L", genre: "Jazz"), at: early) }
                _ = try await right.metadata.change(id) { entry in
                    index % 2 == 0 ? entry?.edited(SongTags(title: "R \(index)"), at: late) : entry?.deleted(at: late)
                }
                guard index % 4 == 3 else { continue }
                _ = try await left.metadata.change(id) { entry in entry.map { $0.uploadedAgain($0, at: last) } }
            }
            for node in cluster.nodes { node.catalogue.start() }
            #expect(
                await becomes(
                    { (try? await left.metadata.vector()) == (try? await right.metadata.vector()) },
                    by: deadline(.seconds(45))))
            for node in cluster.nodes {
                #expect(try await node.metadata.songCount() == 900 + 75)
                for (index, id) in ids.enumerated() {
                    let entry = try #require(try await node.metadata.entry(id))
                    #expect(entry.alive.value == (index % 2 == 0 || index % 4 == 3))
                    #expect(entry.genre.value == "Jazz")
                    #expect(entry.title.value == (index % 2 == 0 ? "R \(index)" : "L"))
                }
            }
            let all = try await left.metadata.entries(after: nil, limit: 20_000)
            #expect(try await right.metadata.entries(after: nil, limit: 20_000) == all)
            cluster.stop()
        }
    }
}
