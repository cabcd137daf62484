import Catalogue
import Model
import Platform
import SQLiteStore
import Testing
import TestTools

struct SearchTests {
    private func library() async throws -> (SQLiteStore, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        try await store.add(song("Déjà Vu", "Beyoncé", "B'Day", genre: "R&B", content: 1, at: stamp(1)))
        try await store.add(song("Straße der Sonne", "Ärzte", "Jäger", genre: "Punk", content: 2, at: stamp(2)))
        try await store.add(song("Thunderstruck", "AC/DC", "The Razors Edge", genre: "Rock", content: 3, at: stamp(3)))
        try await store.add(song("Lemon", "米津玄師", "STRAY SHEEP", genre: "J-Pop", content: 4, at: stamp(4)))
        try await store.add(song("deja entendu", "Brand New", "Thunder", genre: "Rock", content: 5, at: stamp(5)))
        return (store, folder)
    }

    @Test(arguments: [
        ("deja", ["deja entendu", "Déjà Vu"]), ("DÉJÀ vu", ["Déjà Vu"]), ("strasse", ["Straße der Sonne"]),
        ("STRAßE", ["Straße der Sonne"]), ("arzte", ["Straße der Sonne"]),
        ("thund", ["deja entendu", "Thunderstruck"]),
        ("thunder ac", ["Thunderstruck"]), ("ac/dc", ["Thunderstruck"]), ("米津", ["Lemon"]),
        ("rock brand", ["deja entendu"]),
        ("hunder", []), ("deja thunderstruck", []), ("nothing", []),
        ("  ", ["deja entendu", "Déjà Vu", "Lemon", "Straße der Sonne", "Thunderstruck"]),
    ])
    func `q finds all words as prefixes in any field, accents and case folded`(words: String, titles: [String])
        async throws
    {
        let (store, _folder) = try await library()
        _ = _folder
        #expect(try await store.titles(words) == titles)
    }

    @Test(arguments: [
        "\"", "\"\"", "*", "a*", "title_key:deja", "NOT", "deja OR lemon", "deja NOT vu", "(", ")", "deja)", "^deja",
        "NEAR(a b)",
        "a AND", "-", "{title_key} : x", "'; DROP TABLE song; --", "\\", "\u{0}", "%", "deja\u{0}vu", "+", "a + b", "&",
        "🎵",
        "\u{301}", "ा", "\u{1E900}", "#", "$", "?1", ":a", "@b", ",",
    ])
    func `nothing that a listener types is the search engine's syntax`(words: String) async throws {
        let (store, folder) = try await library()
        let all = try await store.page(SongQuery())
        for query in [SongQuery(words: words), SongQuery(title: words), SongQuery(words: "lemon", genre: words)] {
            let page = try await store.page(query)
            #expect(page.total == page.songs.count)
            #expect(page.total < all.total)
        }
        #expect(try await store.songCount() == 5)
        _ = folder
    }

    @Test func `the four fields filter within their own field and combine with q`() async throws {
        let (store, folder) = try await library()
        #expect(try await store.titles(SongQuery(album: "thunder")) == ["deja entendu"])
        #expect(try await store.titles(SongQuery(title: "thunder")) == ["Thunderstruck"])
        #expect(try await store.titles(SongQuery(artist: "beyonce", genre: "r&b")) == ["Déjà Vu"])
        #expect(try await store.titles(SongQuery(words: "thunder", title: "deja", genre: "ro")) == ["deja entendu"])
        #expect(try await store.titles(SongQuery(title: "beyonce")) == [])
        #expect(try await store.titles(SongQuery(title: "thunder", artist: "brand")) == [])
        _ = folder
    }

    @Test func `a song is found by the hash of its original`() async throws {
        let (store, folder) = try await library()
        let page = try await store.page(SongQuery(sha256: hash(3)))
        #expect(page.songs.map(\.title.value) == ["Thunderstruck"])
        #expect(page.total == 1)
        _ = folder
    }

    @Test func `an edited song is found by its new words alone, a deleted one by none`() async throws {
        let (store, folder) = try await library()
        let id = song("Thunderstruck", "AC/DC", "The Razors Edge").id
        _ = try await store.change(id) { $0?.edited(SongTags(title: "Lightning"), at: stamp(9)) }
        #expect(try await store.titles("lightn") == ["Lightning"])
        #expect(try await store.titles("thunderstruck") == [])
        _ = try await store.change(id) { $0?.deleted(at: stamp(10)) }
        #expect(try await store.titles("lightning") == [])
        #expect(try await store.songCount() == 4)
        #expect(try await store.page(SongQuery()).total == 4)
        #expect(try await store.entry(id)?.alive.value == false)
        _ = folder
    }

    @Test func `a query of a thousand words is answered`() async throws {
        let (store, folder) = try await library()
        let words = Array(repeating: "deja vu " + String(repeating: "x", count: 3_000), count: 1_000).joined(
            separator: " ")
        #expect(try await store.titles(words) == [])
        #expect(try await store.titles(String(repeating: "deja ", count: 1_000)).count == 2)
        _ = folder
    }
}

struct PageTests {
    private func library(_ count: Int) async throws -> (SQLiteStore, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let origin = LogOrigin(server: ServerID(9), log: ServerID(9))
        let records = (0..<count).map { index in
            LogRecord(
                origin: origin, sequence: UInt64(index + 1),
                entry: song(
                    "Title \(index * 7 % 10)", "Artist \(index % 3)", "Album \(index)", track: index % 4,
                    content: index,
                    at: stamp(Int64(index / 2))))
        }
        #expect(try await store.apply(records)[origin] == UInt64(count))
        return (store, folder)
    }

    @Test(arguments: SongOrder.allCases) func `pages name every song once, in order`(order: SongOrder) async throws {
        let (store, folder) = try await library(103)
        let whole = try await store.page(SongQuery(order: order, limit: 500))
        #expect(whole.songs.count == 103)
        #expect(whole.next == nil)
        var songs: [SongEntry] = []
        var query = SongQuery(order: order, limit: 10)
        repeat {
            let page = try await store.page(query)
            #expect(page.total == 103)
            songs += page.songs
            query.cursor = page.next
        } while query.cursor != nil && songs.count < 200
        #expect(songs == whole.songs)
        #expect(Set(songs.map(\.id)).count == 103)
        _ = folder
    }

    @Test func `orders are by folded text, and the newest come first`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        for (index, title) in ["zebra", "Éclair", "apple", "Äpfel", "Zoo", "eclipse"].enumerated() {
            try await store.add(
                song(title, "Artist \(index % 2)", "Album", track: 9 - index, content: index, at: stamp(Int64(index))))
        }
        #expect(
            try await store.titles(SongQuery(order: .title)) == ["Äpfel", "apple", "Éclair", "eclipse", "zebra", "Zoo"])
        #expect(try await store.titles(SongQuery(order: .added)).first == "eclipse")
        #expect(
            try await store.titles(SongQuery(order: .artist)) == [
                "Zoo", "apple", "zebra", "eclipse", "Äpfel", "Éclair",
            ])
    }

    @Test func `a page goes on where it was while songs come and go`() async throws {
        let (store, folder) = try await library(20)
        let first = try await store.page(SongQuery(order: .title, limit: 5))
        let gone = try #require(first.songs.last)
        _ = try await store.change(gone.id) { $0?.deleted(at: stamp(9_000)) }
        try await store.add(song("Title 0 before all", content: 900))
        let second = try await store.page(SongQuery(order: .title, limit: 500, cursor: first.next))
        #expect(second.songs.count == 15)
        #expect(Set(first.songs.map(\.id)).isDisjoint(with: second.songs.map(\.id)))
        _ = folder
    }

    @Test func `pages of a search go on within the search`() async throws {
        let (store, folder) = try await library(60)
        var seen: [SongEntry] = []
        var query = SongQuery(title: "title 0", order: .album, limit: 2)
        repeat {
            let page = try await store.page(query)
            #expect(page.total == 6)
            seen += page.songs
            query.cursor = page.next
        } while query.cursor != nil && seen.count < 20
        #expect(seen.count == 6)
        #expect(seen.allSatisfy { $0.title.value == "Title 0" })
        _ = folder
    }

    @Test(arguments: SongOrder.allCases)
    func `a search that finds nearly everything lists it in the same order as no search`(order: SongOrder) async throws
    {
        let (store, folder) = try await library(103)
        let whole = try await store.page(SongQuery(order: order, limit: 500))
        let first = try await store.page(SongQuery(words: "title artist", order: order, limit: 20))
        let second = try await store.page(
            SongQuery(words: "title artist", order: order, limit: 500, cursor: first.next))
        #expect(first.songs + second.songs == whole.songs)
        #expect(first.total == 103)
        let one = try await store.page(SongQuery(words: "title", sha256: hash(7), order: order))
        #expect(one.songs.map(\.content.value.sha256) == [hash(7)])
        #expect(one.total == 1)
        _ = folder
    }

    @Test func `a mangled cursor, or one of another order, is refused`() async throws {
        let (store, folder) = try await library(20)
        let cursor = try #require(try await store.page(SongQuery(order: .title, limit: 5)).next)
        for query in [SongQuery(order: .title, cursor: "xyz"), SongQuery(order: .added, cursor: cursor)] {
            await #expect(throws: StoreError.missing) { try await store.page(query) }
            #expect(!query.hasValidCursor)
        }
        _ = folder
    }

    @Test func `limits below 1 and above 500 are brought into range`() async throws {
        let (store, folder) = try await library(20)
        #expect(try await store.page(SongQuery(limit: 0)).songs.count == 1)
        #expect(try await store.page(SongQuery(limit: .max)).songs.count == 20)
        _ = folder
    }

    @Test func `groups count songs under one id however their names are spelt`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        try await store.add(song("1", "ABBA", "Gold", genre: "Pop", content: 1))
        try await store.add(song("2", "Abba", "gold", genre: "pop", content: 2))
        try await store.add(song("3", "Queen", "Gold", genre: "", content: 3))
        try await store.add(song("4", "Ärzte", "Jazz", genre: "Punk", content: 4))
        let artists = try await store.groups(.artist)
        #expect(artists.map(\.name) == ["ABBA", "Ärzte", "Queen"])
        #expect(artists.map(\.songs) == [2, 1, 1])
        let albums = try await store.groups(.album)
        #expect(albums.map(\.name) == ["Gold", "Gold", "Jazz"])
        #expect(Set(albums.map(\.id)).count == 3)
        #expect(Set(albums.compactMap(\.artist)) == ["ABBA", "Queen", "Ärzte"])
        #expect(try await store.groups(.genre).map(\.name) == ["Pop", "Punk"])
        #expect(try await store.entries(after: nil, limit: 100).count == 4)
    }

    @Test func `entries walk all songs in the order of their ids`() async throws {
        let (store, folder) = try await library(25)
        var ids: [SongID] = []
        while true {
            let entries = try await store.entries(after: ids.last, limit: 10)
            if entries.isEmpty { break }
            ids += entries.map(\.id)
        }
        #expect(ids.count == 25)
        #expect(ids == ids.sorted())
        _ = folder
    }
}
