import Catalogue
import Model
import Platform
import Testing
import TestTools

@testable import SQLiteStore

/// The search index against a plain look at every song.
struct IndexTests {
    private static let vocabulary = [
        "love", "lover", "lo", "the", "Äther", "ether", "Straße", "愛", "愛してる", "мир", "a", "1999",
    ]

    /// What the index must say, told by going over all songs.
    private static func expected(_ songs: [SongEntry], _ query: SongQuery) -> [SongID] {
        func fields(_ song: SongEntry) -> [String] {
            [song.title.value, song.artist.value, song.album.value, song.genre.value]
        }
        func has(_ texts: [String], _ wanted: String?) -> Bool {
            let words = texts.flatMap { CatalogueText.words($0) }
            return CatalogueText.words(wanted ?? "").allSatisfy { prefix in
                words.contains { Array($0.utf8).starts(with: prefix.utf8) }
            }
        }
        let found = songs.filter { song in
            let wanted = [query.title, query.artist, query.album, query.genre]
            return has(fields(song), query.words) && zip(fields(song), wanted).allSatisfy { has([$0], $1) }
        }
        func bytes(_ text: String) -> [UInt8] { Array(CatalogueText.folded(text).utf8) }
        func isBefore(_ left: SongEntry, _ right: SongEntry) -> Bool {
            let (one, other) = (SongKeys(left, shown: left.id), SongKeys(right, shown: right.id))
            for (key, otherKey) in zip(one.cursorKeys(in: query.order), other.cursorKeys(in: query.order)) {
                switch (key, otherKey) {
                case (.text(let text), .text(let otherText)) where text != otherText:
                    return Array(text.utf8).lexicographicallyPrecedes(Array(otherText.utf8))
                case (.number(let number), .number(let otherNumber)) where number != otherNumber:
                    return number < otherNumber
                case (.id(let id), .id(let otherID)): return id < otherID
                default: continue
                }
            }
            return false
        }
        return found.sorted(by: isBefore).map(\.id)
    }

    private static func text(_ count: ClosedRange<Int>, _ generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: count, using: &generator))
            .map { _ in vocabulary.randomElement(using: &generator) ?? "" }.joined(separator: " ")
    }

    private static func query(_ generator: inout SeededGenerator) -> SongQuery {
        func part() -> String? {
            guard Int.random(in: 0..<3, using: &generator) == 0 else { return nil }
            return String(text(1...2, &generator).prefix(Int.random(in: 1...6, using: &generator)))
        }
        return SongQuery(
            words: part(), title: part(), artist: part(), album: part(), genre: part(),
            order: SongOrder.allCases.randomElement(using: &generator) ?? .title,
            limit: Int.random(in: 1...20, using: &generator))
    }

    private static func walk(_ store: SQLiteStore, _ query: SongQuery) async throws -> (ids: [SongID], totals: Set<Int>)
    {
        var (ids, totals, query): ([SongID], Set<Int>, SongQuery) = ([], [], query)
        repeat {
            let page = try await store.page(query)
            totals.insert(page.total)
            ids += page.songs.map(\.id)
            query.cursor = page.next
        } while query.cursor != nil && ids.count < 10_000
        return (ids, totals)
    }

    private static func check(_ store: SQLiteStore, _ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let songs = try await store.entries(after: nil, limit: 10_000)
        for _ in 0..<30 {
            let query = query(&generator)
            let expected = expected(songs, query)
            let found = try await walk(store, query)
            #expect(found.ids == expected, "\(query)")
            #expect(found.totals == [expected.count], "\(query)")
        }
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func `songs that come, change and go are found as a look at every one finds them`(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: seed)
        var store = try await openStore(folder)
        for number in 0..<150 {
            let song = song(
                Self.text(1...3, &generator), Self.text(1...2, &generator), Self.text(1...2, &generator),
                genre: Self.text(0...1, &generator), track: number % 5, content: number,
                at: stamp(Int64(number / 3)))
            try await store.add(song)
            guard let other = try await store.entries(after: SongID(UInt128(generator.next()) << 64), limit: 1).first
            else { continue }
            let tags = SongTags(title: Self.text(1...3, &generator), genre: Self.text(1...1, &generator))
            switch number % 7 {
            case 0: _ = try await store.change(other.id) { $0?.edited(tags, at: stamp(10_000 + Int64(number))) }
            case 1: _ = try await store.change(other.id) { $0?.deleted(at: stamp(10_000 + Int64(number))) }
            default: break
            }
        }
        try await Self.check(store, seed)
        await store.close()
        store = try await openStore(folder)
        try await Self.check(store, seed + 100)
    }

    @Test func `songs always put between the same two keep their order when the room between them is used up`()
        async throws
    {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        for (number, title) in ["a", "z"].enumerated() { try await store.add(song(title, content: number)) }
        for number in 0..<150 { try await store.add(song("m \(9_999 - number)", content: 10 + number)) }
        for number in 0..<150 { try await store.add(song("n \(1_000 + number)", content: 1_000 + number)) }
        let found = try await Self.walk(store, SongQuery(limit: 500)).ids
        let songs = try await store.entries(after: nil, limit: 1_000)
        #expect(found == Self.expected(songs, SongQuery()))
        #expect(found.count == 302)
    }

    @Test func `a catalogue of the first version is searched and counted after the upgrade`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/catalogue.db"
        let entry = song("Déjà Vu", "Beyoncé", "B'Day", genre: "R&B")
        do {
            let connection = try Connection(path: path)
            try connection.script(Schema.migrations[0])
            try connection.script("PRAGMA user_version = 1")
            let keys = SongKeys(entry, shown: entry.id)
            try connection.execute(
                """
                INSERT INTO song (shared, sha256, shown, alive, title_key, artist_key, album_key, genre_key, track,
                  recency, artist_id, album_id, genre_id, artist, album, genre, body)
                VALUES (?1, ?2, ?1, 1, ?3, ?4, ?5, ?6, 0, 0, ?8, ?8, ?8, 'Beyoncé', 'B''Day', 'R&B', ?7)
                """,
                [
                    blob(entry.id.value), .bytes(entry.content.value.sha256.bytes), .text(keys[.title]),
                    .text(keys[.artist]), .text(keys[.album]), .text(keys[.genre]),
                    .bytes(EntryCodec.encode(entry)), blob(7),
                ])
            try connection.script("INSERT INTO words (words) VALUES ('rebuild')")
            try connection.addToSongCount(1)
            connection.close()
        }
        let store = try await openStore(folder)
        #expect(store.putAside == nil)
        #expect(try await store.titles("deja beyonce") == ["Déjà Vu"])
        let artists = try await store.groups(.artist, limit: 10, cursor: nil).groups
        #expect(artists.map(\.name) == ["Beyoncé"] && artists.map(\.songs) == [1])
    }

    @Test func `groups come in pages, follow every change, and go with their last song`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        for number in 0..<25 {
            try await store.add(song("\(number)", "Artist \(number % 10)", "Album \(number)", content: number))
        }
        var names: [String] = []
        var cursor: String?
        repeat {
            let page = try await store.groups(.artist, limit: 3, cursor: cursor)
            names += page.groups.map(\.name)
            cursor = page.next
        } while cursor != nil && names.count < 100
        #expect(names == (0..<10).map { "Artist \($0)" })
        await #expect(throws: StoreError.missing) { try await store.groups(.artist, limit: 3, cursor: "mangled") }
        let id = song("7", "Artist 7", "Album 7").id
        _ = try await store.change(id) { $0?.edited(SongTags(artist: "Another", genre: "Jazz"), at: stamp(2_000)) }
        for number in [17] {
            _ = try await store.change(song("\(number)", "Artist 7", "Album \(number)").id) {
                $0?.deleted(at: stamp(2_000))
            }
        }
        let artists = try await store.groups(.artist)
        #expect(artists.map(\.name).contains("Another") && !artists.map(\.name).contains("Artist 7"))
        #expect(artists.reduce(0) { $0 + $1.songs } == 24)
        #expect(try await store.groups(.genre).map { "\($0.name) \($0.songs)" } == ["Folk 23", "Jazz 1"])
    }
}
