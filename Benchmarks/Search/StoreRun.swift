import Catalogue
import Crypto
import Foundation
import Linux
import Model
import Platform
import SQLiteStore
import Wire

/// The catalogue in this process: made, opened and asked.
struct StoreRun {
    let store: SQLiteStore
    let home: String
    let chunks: FileChunkStore

    private static let batch = 2_000

    /// The log that a library comes from.
    private static func origin(_ options: Options) -> LogOrigin {
        LogOrigin(server: ServerID(UInt128(options.seed) + 1), log: ServerID(2))
    }

    /// Opens the store of a server's home, and says how long that took.
    static func open(_ options: Options) async throws -> (run: StoreRun, seconds: Double) {
        let home = "\(options.folder)/\(options.songs)-\(options.seed)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let chunks = try await FileChunkStore.open(home: home, pool: BlockingPool(name: "chunks", threads: 1))
        let began = ContinuousClock.now
        let store = try await SQLiteStore.open(
            path: "\(home)/catalogue.db", server: ServerID(1), writing: BlockingPool(name: "write", threads: 1),
            reading: BlockingPool(name: "read", threads: 1))
        return (StoreRun(store: store, home: home, chunks: chunks), Self.seconds(since: began))
    }

    /// Adds what is missing of the library, by peers' records as a server that joins gets them.
    /// - Returns: how long that took, in seconds, and how many songs were added.
    func fill(_ options: Options, say: (String) -> Void) async throws -> (seconds: Double, songs: Int) {
        let content = try await content()
        var library = Library(seed: options.seed, content: content)
        let origin = Self.origin(options)
        let there = Int(try await store.vector()[origin])
        for _ in 0..<there { _ = library.song() }
        let began = ContinuousClock.now
        var number = there
        while number < options.songs {
            let count = min(Self.batch, options.songs - number)
            let records = (0..<count).map { place in
                LogRecord(origin: origin, sequence: UInt64(number + place + 1), entry: library.song())
            }
            _ = try await store.apply(records)
            number += count
            if number.isMultiple(of: 100_000) { say("\(number) songs after \(Int(Self.seconds(since: began))) s") }
        }
        return (Self.seconds(since: began), options.songs - there)
    }

    /// One manifest and one chunk that all songs share, so that the server finds all of its music there.
    private func content() async throws -> SongContent {
        let bytes = [UInt8](repeating: 7, count: 1_000)
        let hash = SHA256.hash(bytes)
        let chunk = ManifestChunk(
            kind: .audio, startMs: 0, startSample: 0, samples: 44_100, offset: 0, length: bytes.count, sha256: hash,
            crc32c: [CRC32C.checksum(bytes)])
        let manifest = Manifest(
            sha256: hash, bytes: Int64(bytes.count), container: "mp3", codec: "mp3", contentType: "audio/mpeg",
            sampleRate: 44_100, channels: 2, bitsPerSample: 0, skipSamples: 0, totalSamples: 44_100, durationMs: 1_000,
            codecConfig: "", cover: nil, packets: nil, chunks: [chunk])
        let json = WireJSON.encode(manifest)
        try await chunks.put(hash, bytes)
        try await chunks.put(SHA256.hash(json), json)
        return SongContent(
            sha256: hash, bytes: Int64(bytes.count), contentType: "audio/mpeg", durationMs: 1_000, chunks: 1,
            manifest: SHA256.hash(json), manifestLength: json.count, cover: nil)
    }

    /// Some songs from all over the library.
    func sample(_ count: Int, seed: UInt64) async throws -> [SongEntry] {
        var generator = SeededGenerator(seed: seed)
        var songs: [SongEntry] = []
        for _ in 0..<(count / 20 + 1) {
            let id = SongID(UInt128(generator.next()) << 64)
            songs += try await store.entries(after: id, limit: 20)
        }
        return songs
    }

    /// Asks every question once; the first ones of each kind a moment before, without the clock.
    func time(_ kinds: [QuestionKind]) async throws -> [Figure] {
        var figures: [Figure] = []
        for kind in kinds {
            var figure = Figure(kind.name)
            for question in kind.questions.prefix(5) { try await ask(question) }
            for question in kind.questions {
                let began = ContinuousClock.now
                try await ask(question)
                figure.times.append(Self.seconds(since: began))
            }
            figures.append(figure)
        }
        return figures
    }

    private func ask(_ question: Question) async throws {
        switch question {
        case .songs(let query): _ = try await store.page(query)
        case .groups(let kind, let cursor): _ = try await store.groups(kind, limit: 500, cursor: cursor)
        }
    }

    /// Questions of all kinds, mixed, while another task adds songs one by one.
    func timeWhileSongsAreAdded(_ kinds: [QuestionKind], seed: UInt64) async throws -> Figure {
        var generator = SeededGenerator(seed: seed)
        let questions = kinds.flatMap(\.questions).shuffled(using: &generator).prefix(2_000)
        let adding = Task(name: "adding") { [store] in
            var library = Library(seed: seed &+ 1_000, content: try await self.content())
            var added = 0
            while !Task.isCancelled {
                let song = library.song()
                _ = try await store.change(song.id) { _ in song }
                added += 1
            }
            return added
        }
        var figure = Figure("all kinds, while songs are added one by one")
        for question in questions {
            let began = ContinuousClock.now
            try await ask(question)
            figure.times.append(Self.seconds(since: began))
        }
        adding.cancel()
        figure.note = ", \(try await adding.value) songs added meanwhile"
        return figure
    }

    static func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }
}
