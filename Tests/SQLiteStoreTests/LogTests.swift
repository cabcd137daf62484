import Catalogue
import FoundationEssentials
import Model
import Platform
import SQLiteStore
import Testing
import TestTools

struct LogTests {
    @Test func `two stores that exchange what each lacks say the same`() async throws {
        let folder = try TemporaryFolder()
        let left = try await openStore(folder, server: ServerID(1), file: "left.db")
        let right = try await openStore(folder, server: ServerID(2), file: "right.db")
        for index in 0..<5 { try await left.add(song("Left \(index)", content: index)) }
        for index in 0..<5 { try await right.add(song("Right \(index)", content: 10 + index)) }
        let shared = song("Left 0").id
        _ = try await left.apply(right.records(after: left.vector(), limit: 3))
        _ = try await left.change(shared) { $0?.edited(SongTags(title: "Edited"), at: stamp(5_000)) }
        _ = try await right.apply(left.records(after: right.vector(), limit: 100))
        _ = try await left.apply(right.records(after: left.vector(), limit: 100))
        #expect(try await left.vector() == right.vector())
        #expect(try await left.page(SongQuery()) == right.page(SongQuery()))
        #expect(try await left.songCount() == 10)
        #expect(try await right.entry(shared)?.title.value == "Edited")
        #expect(try await left.records(after: right.vector(), limit: 100).isEmpty)
        #expect(try await left.highestStamp() == stamp(5_000))
    }

    @Test func `a record counts once, and one that does not follow is left out`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let origin = LogOrigin(server: ServerID(9), log: ServerID(9))
        let records = (1...5).map { LogRecord(origin: origin, sequence: UInt64($0), entry: song("\($0)", content: $0)) }
        #expect(try await store.apply([records[1], records[2]])[origin] == 0)
        #expect(try await store.apply([records[0], records[0], records[1], records[4]])[origin] == 2)
        #expect(try await store.apply(records)[origin] == 5)
        #expect(try await store.songCount() == 5)
    }

    @Test func `two songs under one id are both kept, whichever server hears of which first`() async throws {
        let folder = try TemporaryFolder()
        let first = song("Song", content: 1, at: stamp(1_000))
        let second = song("Song", content: 2, at: stamp(2_000))
        let origins = [
            LogOrigin(server: ServerID(8), log: ServerID(8)), LogOrigin(server: ServerID(9), log: ServerID(9)),
        ]
        let records = zip(origins, [first, second]).map { LogRecord(origin: $0, sequence: 1, entry: $1) }
        let stores = [try await openStore(folder, file: "a.db"), try await openStore(folder, file: "b.db")]
        for record in records { _ = try await stores[0].apply([record]) }
        for record in records.reversed() { _ = try await stores[1].apply([record]) }
        let moved = SongIdentity.collisionID(of: first.id, sha256: hash(2))
        for store in stores {
            #expect(try await store.entry(first.id)?.content.value.sha256 == hash(1))
            #expect(try await store.entry(moved)?.content.value.sha256 == hash(2))
            #expect(try await store.entry(moved)?.collision == true)
            #expect(try await store.songCount() == 2)
        }
        // What a third server hears of them later makes the same.
        let third = try await openStore(folder, file: "c.db")
        _ = try await third.apply(stores[1].records(after: VersionVector(), limit: 10))
        #expect(try await third.page(SongQuery()) == stores[0].page(SongQuery()))
    }

    @Test func `a collision can be edited and deleted under its own id`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let first = song("Song", content: 1, at: stamp(1_000))
        try await store.add(first)
        let origin = LogOrigin(server: ServerID(9), log: ServerID(9))
        _ = try await store.apply([
            LogRecord(origin: origin, sequence: 1, entry: song("Song", content: 2, at: stamp(2_000)))
        ])
        let moved = SongIdentity.collisionID(of: first.id, sha256: hash(2))
        let record = try await store.change(moved) { $0?.edited(SongTags(title: "Second"), at: stamp(3_000)) }
        #expect(record?.entry.id == first.id)
        #expect(try await store.entry(moved)?.title.value == "Second")
        #expect(try await store.entry(first.id)?.title.value == "Song")
        // The first one goes: the other moves to the shared id and keeps its own as another name.
        _ = try await store.change(first.id) { $0?.deleted(at: stamp(4_000)) }
        #expect(try await store.entry(first.id)?.title.value == "Second")
        #expect(try await store.entry(moved)?.id == first.id)
        #expect(try await store.songCount() == 1)
        #expect(try await store.titles("second") == ["Second"])
    }

    @Test func `a deleted song does not come back, and other bytes may take its id`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let first = song("Song", content: 1, at: stamp(1_000))
        try await store.add(first)
        _ = try await store.change(first.id) { $0?.deleted(at: stamp(2_000)) }
        let origin = LogOrigin(server: ServerID(9), log: ServerID(9))
        _ = try await store.apply([LogRecord(origin: origin, sequence: 1, entry: first)])
        #expect(try await store.songCount() == 0)
        _ = try await store.change(first.id) { _ in song("Song", content: 2, at: stamp(3_000)) }
        #expect(try await store.entry(first.id)?.content.value.sha256 == hash(2))
        #expect(try await store.page(SongQuery()).songs.map(\.collision) == [false])
    }

    @Test func `a change that changes nothing leaves no record`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let record = try await store.change(SongID(5)) { entry in
            #expect(entry == nil)
            return nil
        }
        #expect(record == nil)
        #expect(try await store.vector().positions.isEmpty)
    }

    @Test func `changes made at once are all there, each with a sequence of its own`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let sequences = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for index in 0..<60 {
                group.addTask { try await store.add(song("Song \(index)", content: index))?.record.sequence ?? 0 }
                group.addTask { UInt64(try await store.page(SongQuery(words: "song")).songs.isEmpty ? 0 : 0) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sequences.filter { $0 > 0 }.sorted() == (1...60).map { UInt64($0) })
        #expect(try await store.songCount() == 60)
    }
}

struct DatabaseLifeTests {
    private func copy(_ folder: TemporaryFolder, _ from: String, _ to: String) throws {
        try FileManager.default.copyItem(atPath: "\(folder.path)/\(from)", toPath: "\(folder.path)/\(to)")
    }

    @Test func `a store opened again has the same songs and goes on with the same log`() async throws {
        let folder = try TemporaryFolder()
        var store = try await openStore(folder)
        let origin = store.origin
        try await store.add(song("Song"))
        await store.close()
        await #expect(throws: StoreError.self) { try await store.songCount() }
        store = try await openStore(folder)
        #expect(store.origin == origin)
        #expect(store.putAside == nil)
        #expect(try await store.titles("song") == ["Song"])
        #expect(try await store.add(song("Second", content: 2))?.record.sequence == 2)
    }

    @Test func `a restored copy of the database begins a log of its own`() async throws {
        let folder = try TemporaryFolder()
        let origin: LogOrigin
        do {
            let store = try await openStore(folder)
            origin = store.origin
            try await store.add(song("Song"))
            await store.close()
        }
        try copy(folder, "catalogue.db", "copy.db")
        let copied = try await openStore(folder, file: "copy.db")
        #expect(copied.origin != origin)
        #expect(try await copied.add(song("Other", content: 2))?.record.sequence == 1)
        #expect(try await copied.vector().positions.count == 2)
    }

    @Test func `a database older than what its peers saw of it begins a new log`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let origin = store.origin
        try await store.add(song("Song"))
        let ahead = VersionVector(positions: [.init(origin: origin, sequence: 7)])
        #expect(try await store.records(after: ahead, limit: 10).isEmpty)
        #expect(store.origin != origin)
        #expect(store.origin.server == origin.server)

        let again = store.origin
        _ = try await store.apply([LogRecord(origin: again, sequence: 1, entry: song("Lost", content: 3))])
        #expect(store.origin != again)
        #expect(try await store.songCount() == 2)
    }

    @Test(arguments: [0, 1, 5_000])
    func `a broken database is moved aside and an empty one begun`(offset: Int) async throws {
        let folder = try TemporaryFolder()
        let origin: LogOrigin
        do {
            let store = try await openStore(folder)
            origin = store.origin
            for index in 0..<50 { try await store.add(song("Song \(index)", content: index)) }
            await store.close()
        }
        let path = "\(folder.path)/catalogue.db"
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        for index in offset..<min(offset + 6_000, bytes.count) { bytes[index] = 0xAB }
        try Data(bytes).write(to: URL(filePath: path))
        let store = try await openStore(folder)
        let aside = try #require(store.putAside)
        #expect(FileManager.default.fileExists(atPath: aside))
        #expect(store.origin != origin)
        #expect(try await store.songCount() == 0)
        try await store.add(song("After"))
        #expect(try await openStore(folder).titles("after") == ["After"])
    }

    @Test func `a database of a later version is left alone, with an error that says so`() async throws {
        let folder = try TemporaryFolder()
        do {
            let store = try await openStore(folder)
            try await store.add(song("Song"))
            await store.close()
        }
        let path = "\(folder.path)/catalogue.db"
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        bytes[63] = 99  // user_version, the database header's bytes 60 to 63 (sqlite.org/fileformat.html §1.3)
        try Data(bytes).write(to: URL(filePath: path))
        let error = await #expect(throws: StoreError.self) { _ = try await openStore(folder) }
        guard case .failed(_, let message) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(message.contains("upgrade rondo"))
        #expect(Array(try Data(contentsOf: URL(filePath: path))) == bytes)
    }

    @Test func `a folder that is not there is an error with its reason`() async throws {
        let folder = try TemporaryFolder()
        let error = await #expect(throws: StoreError.self) {
            _ = try await openStore(folder, file: "none/catalogue.db")
        }
        guard case .failed(_, let message) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(message.contains("unable to open"))
    }
}
