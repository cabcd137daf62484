import Catalogue
import Model
import Testing

struct SongIdentityTests {
    private func id(_ title: String, _ artist: String = "Artist", _ album: String = "Album") -> SongID {
        SongIdentity.id(title: title, artist: artist, album: album)
    }

    @Test(arguments: [
        ("Café", "Cafe\u{301}"), ("STRASSE", "Straße"), ("  A\t b ", "a B"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ﬁn", "FIN"),
        ("Ä", "a\u{308}"), ("A\u{3000}B", "a b"), ("Å", "\u{212B}"),
    ])
    func `titles that differ in form alone are one song`(left: String, right: String) {
        #expect(id(left) == id(right))
    }

    @Test(arguments: [("Cafe", "Café"), ("AB", "A B"), ("Song", "Song (live)"), ("1", "2"), ("", " x")])
    func `titles that differ in substance are two songs`(left: String, right: String) {
        #expect(id(left) != id(right))
    }

    @Test func `a word that moves from one field to the next makes another song`() {
        #expect(id("a", "bc", "d") != id("ab", "c", "d"))
        #expect(id("a", "", "b") != id("a", "b", ""))
    }

    @Test func `songs, albums, artists and genres of one name have different ids`() {
        let ids = [
            SongIdentity.artistID("Rondo"), SongIdentity.genreID("Rondo"), SongIdentity.albumID("Rondo", artist: ""),
            id("Rondo", "", ""),
        ]
        #expect(Set(ids).count == 4)
    }

    @Test func `ids are those that stored libraries already have`() {
        let song = id("Für Elise", "Ludwig van Beethoven", "Bagatellen")
        #expect(song.description == "46c73caf-e1a2-1637-ead1-0aef373b99c3")
        #expect(SongIdentity.artistID("Ludwig van Beethoven").description == "337d7be7-909b-5dde-0399-b7bc4d811298")
        let album = SongIdentity.albumID("Bagatellen", artist: "Ludwig van Beethoven")
        #expect(album.description == "4ee20edc-b265-155f-e2af-8e41d7c935a9")
    }

    @Test func `missing tags are filled in, the title from the file's name`() {
        let names = SongNames(SongTags(artist: "  \u{0}"), fileName: "/music/C:\\x\\03 Blue.Bird.ogg")
        #expect(names.title == "03 Blue.Bird")
        #expect(names.artist == "Unknown Artist")
        #expect(names.album == "Unknown Album")
        #expect(names.genre == "")
        #expect(SongNames(SongTags(), fileName: ".ogg").title == ".ogg")
        #expect(SongNames(SongTags(), fileName: "").title == "Unknown Title")
        #expect(SongNames(SongTags(year: 0, track: 100_000), fileName: "x").year == nil)
    }

    @Test func `control characters and direction marks do not reach the page`() {
        #expect(CatalogueText.clean("a\u{0}b\nc\u{202E}d\u{7f}") == "a b c d")
        #expect(CatalogueText.clean("  kept  inside  ") == "kept  inside")
        #expect(CatalogueText.clean(" \u{1} \u{2066}") == nil)
        #expect(CatalogueText.clean(nil) == nil)
    }

    @Test func `a long tag is cut between two characters of at most 1,000 bytes`() {
        let cut = CatalogueText.clean(String(repeating: "ä€😀", count: 1_000))
        #expect((996...1_000).contains(cut?.utf8.count ?? 0))
        #expect(cut.map { String(repeating: "ä€😀", count: 1_000).hasPrefix($0) } == true)
        #expect(CatalogueText.clean(String(repeating: "x", count: 1_000))?.utf8.count == 1_000)
    }

    @Test func `what an uploader says goes before the file's tags`() {
        let said = SongTags(title: "Said", artist: " ", year: 2000)
        let read = SongTags(title: "Read", artist: "Reader", album: "Album", year: 1990, track: 2)
        let tags = said.completed(by: read)
        #expect(tags == SongTags(title: "Said", artist: "Reader", album: "Album", year: 2000, track: 2))
    }

    @Test func `an edit changes the named fields alone and never the id`() {
        let entry = song("Song")
        let edited = entry.edited(SongTags(title: " ", album: "Other", genre: "", year: 0, track: 3), at: stamp(5_000))
        #expect(edited.title == entry.title)
        #expect(edited.album == Stamped("Other", at: stamp(5_000)))
        #expect(edited.genre == Stamped("", at: stamp(5_000)))
        #expect(edited.year == Stamped(nil, at: stamp(5_000)))
        #expect(edited.track == entry.track)
        #expect(edited.id == entry.id)
        #expect(edited.highestStamp == stamp(5_000))
    }

    @Test(arguments: [
        ("Beyoncé — Déjà Vu", ["beyonce", "deja", "vu"]), ("AC/DC", ["ac", "dc"]), ("\"*:^() AND -", ["and"]),
        ("Ὀδυσσεύς", ["οδυσσευσ"]), ("米津玄師 Lemon", ["米津玄師", "lemon"]), ("?!", []),
        ("Sigur Rós 2", ["sigur", "ros", "2"]),
    ])
    func `a query becomes folded words`(query: String, words: [String]) {
        #expect(CatalogueText.words(query) == words)
    }
}
