import Client
import Crypto
import Foundation
import Linux
import Model
import Platform
import SQLiteStore
import Testing
import TestTools
import Wire

extension ClusterTests {
    /// A server may end at any operation on its disk, and the disk may lose what was not synced: what was acknowledged
    /// until then is there at the next start, and nothing is there by halves.
    @Suite struct CrashPointTests {
        @Test(.timeLimit(.minutes(10)))
        func `at every operation of uploads, edits and deletions nothing acknowledged is lost, nothing half there`()
            async throws
        {
            try await onLoop {
                let history = try await RecordedHistory.record()
                defer { history.remove() }
                let homes = try TemporaryFolder()
                defer { homes.remove() }
                var disk = TracedDisk(root: history.home)
                var checked = 0
                for (index, operation) in history.trace.operations.enumerated() {
                    try disk.apply(operation)
                    for (number, loss) in TracedDisk.Loss.allCases.enumerated() {
                        let home = "\(homes.path)/\(index)-\(number)"
                        try disk.write(to: home, after: loss, seed: UInt64(index))
                        let faults = try await history.faults(in: home, after: index + 1)
                        let place = "operation \(index) (\(operation.short)), lost: \(loss)"
                        #expect(faults.isEmpty, "\(place): \(faults)")
                        try FileManager.default.removeItem(atPath: home)
                        checked += 1
                    }
                }
                // Three uploads, an edit and a deletion alone write more than this.
                #expect(checked > 600)
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func `a server that starts on what a crash has left serves what was acknowledged`() async throws {
            try await onLoop {
                let history = try await RecordedHistory.record()
                defer { history.remove() }
                let last = history.trace.operations.count
                for (index, count) in [last / 3, last / 2, last * 3 / 4, last].enumerated() {
                    var disk = TracedDisk(root: history.home)
                    for operation in history.trace.operations.prefix(count) { try disk.apply(operation) }
                    let cluster = try RealCluster(["auto"])
                    let server = cluster.servers[0]
                    try disk.write(to: server.home, after: .everythingUnsynced, seed: UInt64(index))
                    try await cluster.start()
                    for (song, states) in history.allowed(after: count) where states.count == 1 {
                        let answer = try await Curl.get("\(server.url)/api/v1/songs/\(song.id)/audio")
                        if let title = states.first ?? nil {
                            #expect(answer.status == 200 && SHA(answer.body) == song.sha256)
                            let json = try await Curl.get("\(server.url)/api/v1/songs/\(song.id)").json
                            #expect(json["title"] as? String == title)
                        } else {
                            #expect(answer.status == 404)
                        }
                    }
                    await cluster.stop()
                }
            }
        }
    }
}

/// What a server did to its disk while listeners changed its library, and what it had acknowledged when.
private struct RecordedHistory {
    struct Song: Hashable {
        let id: SongID
        let sha256: ContentHash
    }

    /// A change of one song: nil for one that is not there.
    struct Step {
        let song: Song
        let title: String?
        /// How many operations had been done when it was asked for, and when it was acknowledged.
        let asked: Int
        let acknowledged: Int
    }

    private let folder: TemporaryFolder
    let home: String
    let trace: DiskTrace
    let steps: [Step]

    func remove() { folder.remove() }

    @Loop
    static func record() async throws -> RecordedHistory {
        let folder = try TemporaryFolder()
        let library = "\(folder.path)/trace.so"
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../DiskTrace/trace.c")
        try await Tool.run("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source.standardized.path]).expectSuccess()
        let tracePath = "\(folder.path)/trace"
        let cluster = try RealCluster(["auto"])
        let server = cluster.servers[0]
        server.environment = ["LD_PRELOAD": library, "DISK_TRACE": tracePath, "DISK_TRACE_UNDER": server.home]
        try await cluster.start()
        var changer = Changer(server: server, tracePath: tracePath)
        do {
            for (index, path) in try Music.songs(3).enumerated() {
                let piece = "\(folder.path)/piece-\(index).ogg"
                let cut = ["-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-t", "3", "-c", "copy", piece]
                try await Tool.run("ffmpeg", cut).expectSuccess()
                try await changer.upload(piece, title: "Song \(index)")
            }
            try await changer.edit(0, title: "Another name")
            try await changer.delete(1)
            try await changer.upload("\(folder.path)/piece-1.ogg", title: "Song 1")
            #expect(try await server.terminate() == .exited(0))
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
        let trace = try DiskTrace([UInt8](try Data(contentsOf: URL(filePath: tracePath))))
        let steps = changer.steps.map { step in
            Step(
                song: step.song, title: step.title, asked: trace.count(at: step.asked),
                acknowledged: trace.count(at: step.acknowledged))
        }
        return RecordedHistory(folder: folder, home: server.home, trace: trace, steps: steps)
    }

    /// What each song may be after so many operations.
    func allowed(after count: Int) -> [Song: Set<String?>] {
        var allowed: [Song: Set<String?>] = [:]
        for step in steps {
            if step.acknowledged <= count {
                allowed[step.song] = [step.title]
            } else if step.asked <= count {
                allowed[step.song, default: [nil]].insert(step.title)
            }
        }
        return allowed
    }

    /// What is wrong with a home that was found after so many operations.
    @Loop
    func faults(in home: String, after count: Int) async throws -> [String] {
        var faults: [String] = []
        let chunks = try await FileChunkStore.open(home: home, pool: BlockingPool(name: "disk", threads: 1))
        let catalogue = try await SQLiteStore.open(
            path: home + "/catalogue.db", server: ServerID(1), writing: BlockingPool(name: "write", threads: 1),
            reading: BlockingPool(name: "read", threads: 1))
        if let broken = catalogue.putAside { faults.append("the catalogue was broken: \(broken)") }
        if chunks.quarantinedAtStart > 0 { faults.append("files that are no chunks") }
        for hash in chunks.inventory() {
            do { try await chunks.verify(hash) } catch { faults.append("chunk \(hash): \(error)") }
        }
        if let left = try? FileManager.default.contentsOfDirectory(atPath: home + "/chunks/new"), !left.isEmpty {
            faults.append("left over: \(left)")
        }
        for (song, states) in allowed(after: count) {
            let entry = try await catalogue.entry(song.id)
            let title = entry.flatMap { $0.alive.value ? $0.title.value : nil }
            if !states.contains(title) { faults.append("\(song.id) is \(title ?? "absent") and not \(states)") }
            if title != nil, let entry, try await original(of: entry, in: chunks) != song.sha256 {
                faults.append("\(song.id) cannot be played")
            }
        }
        await catalogue.close()
        let state = home + "/state/state.json"
        if let bytes = FileManager.default.contents(atPath: state) {
            if (try? JSONSerialization.jsonObject(with: bytes)) == nil { faults.append("the state is no JSON") }
        }
        return faults
    }

    /// The hash of all chunks one after the other; nil where one is missing.
    @Loop
    private func original(of entry: SongEntry, in chunks: FileChunkStore) async throws -> ContentHash? {
        let content = entry.content.value
        guard let bytes = try? await chunks.read(content.manifest, offset: 0, length: content.manifestLength) else {
            return nil
        }
        var digest = SHA256()
        for chunk in try WireJSON.decode(Manifest.self, from: bytes).chunks {
            guard let bytes = try? await chunks.read(chunk.sha256, offset: 0, length: chunk.length) else { return nil }
            digest.update(bytes)
        }
        return digest.finish()
    }
}

/// Changes the library of one server, and notes how far its trace had come.
@Loop
private struct Changer {
    let server: RealServer
    let tracePath: String
    private(set) var steps: [(song: RecordedHistory.Song, title: String?, asked: Int, acknowledged: Int)] = []
    private var songs: [RecordedHistory.Song] = []

    init(server: RealServer, tracePath: String) {
        self.server = server
        self.tracePath = tracePath
    }

    private func traceLength() throws -> Int {
        try FileManager.default.attributesOfItem(atPath: tracePath)[.size] as? Int ?? 0
    }

    mutating func upload(_ path: String, title: String) async throws {
        let asked = try traceLength()
        let answer = try await Curl.upload(path, to: server, fields: ["title": title])
        let acknowledged = try traceLength()
        #expect(answer.status == 201)
        let id = try #require((answer.json["id"] as? String).flatMap { SongID($0) })
        let song = RecordedHistory.Song(id: id, sha256: try Music.hash(path))
        if !songs.contains(song) { songs.append(song) }
        steps.append((song, title, asked, acknowledged))
    }

    mutating func edit(_ index: Int, title: String) async throws {
        let asked = try traceLength()
        let answer = try await Curl.get(
            "\(server.url)/api/v1/songs/\(songs[index].id)",
            ["-X", "PATCH", "-H", "Content-Type: application/json", "-d", #"{"title": "\#(title)"}"#])
        #expect(answer.status == 200)
        steps.append((songs[index], title, asked, try traceLength()))
    }

    mutating func delete(_ index: Int) async throws {
        let asked = try traceLength()
        let answer = try await Curl.get("\(server.url)/api/v1/songs/\(songs[index].id)", ["-X", "DELETE"])
        #expect(answer.status == 204)
        steps.append((songs[index], nil, asked, try traceLength()))
    }
}

extension DiskTrace.Operation {
    /// Without the data.
    fileprivate var short: String {
        switch self {
        case .made(let path): "made \(path)"
        case .madeFolder(let path): "made folder \(path)"
        case .wrote(let path, let offset, let data): "wrote \(data.count) bytes at \(offset) of \(path)"
        case .cut(let path, let length): "cut \(path) to \(length)"
        case .synced(let path): "synced \(path)"
        case .renamed(let path, let other): "renamed \(path) to \(other)"
        case .removed(let path): "removed \(path)"
        }
    }
}
