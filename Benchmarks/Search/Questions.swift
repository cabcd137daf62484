import Catalogue
import Model

/// Something that is asked of a catalogue.
enum Question: Sendable {
    case songs(SongQuery)
    case groups(SongGroup.Kind, cursor: String?)
}

/// Questions of one kind, timed together.
struct QuestionKind: Sendable {
    let name: String
    let questions: [Question]
}

/// Makes up questions about the songs of a library, whose words they use.
struct QuestionMaker {
    private let songs: [SongEntry]
    private let count: Int
    private var generator: SeededGenerator

    /// - Parameter songs: some from all over the library.
    init(about songs: [SongEntry], count: Int, seed: UInt64) {
        self.songs = songs
        self.count = count
        generator = SeededGenerator(seed: seed)
    }

    mutating func all() -> [QuestionKind] {
        [
            kind("listing, every order") { SongQuery(order: $0.order()) },
            kind("listing, 500 songs") { SongQuery(order: $0.order(), limit: 500) },
            kind("listing, deep page") { $0.deep(SongQuery()) },
            kind("q: one word") { SongQuery(words: $0.words(of: $0.song(), 1)) },
            kind("q: several words of a song") { SongQuery(words: $0.words(of: $0.song(), $0.number(2...5))) },
            kind("q: one letter") { SongQuery(words: $0.letter(), order: $0.order()) },
            kind("q: two letters") { SongQuery(words: $0.letter() + $0.letter(), order: $0.order()) },
            kind("q: several single letters") { maker in
                SongQuery(words: (0..<maker.number(2...6)).map { _ in maker.letter() }.joined(separator: " "))
            },
            kind("q: 32 prefixes of one or two letters") { maker in
                SongQuery(
                    words: (0..<32).map { _ in maker.letter() + (maker.number(0...1) == 0 ? "" : maker.vowel()) }
                        .joined(separator: " "))
            },
            kind("q: a word of half the library") { SongQuery(words: $0.common(), order: $0.order()) },
            kind("q: several such words") { SongQuery(words: "remastered the " + $0.common(), order: $0.order()) },
            kind("q: common word, 500 songs, deep") { $0.deep(SongQuery(words: $0.common(), limit: 500)) },
            kind("q: a word that is nowhere") { SongQuery(words: "xq" + $0.letter() + "zzyj") },
            kind("title") { SongQuery(title: $0.prefix(of: $0.song().title.value), order: $0.order()) },
            kind("artist") { SongQuery(artist: $0.prefix(of: $0.song().artist.value), order: $0.order()) },
            kind("album") { SongQuery(album: $0.prefix(of: $0.song().album.value), order: $0.order()) },
            kind("genre") { SongQuery(genre: $0.prefix(of: $0.song().genre.value), order: $0.order()) },
            kind("each filter, one letter") { $0.combined($0.number(1...15), letters: 1) },
            kind("all 16 combinations, words of a song") { $0.combined($0.number(0...15), letters: nil) },
            kind("all 16 combinations with q") { maker in
                var query = maker.combined(maker.number(0...15), letters: 2)
                query.words = maker.letter()
                return query
            },
            kind("all 16 combinations, deep page") { $0.deep($0.combined($0.number(0...15), letters: 1)) },
            kind("by the original's hash") { SongQuery(sha256: $0.song().content.value.sha256) },
            groups("artists", .artist), groups("albums", .album), groups("genres", .genre),
        ]
    }

    private mutating func kind(_ name: String, _ make: (inout QuestionMaker) -> SongQuery) -> QuestionKind {
        QuestionKind(name: name, questions: (0..<count).map { _ in .songs(make(&self)) })
    }

    /// Half of them begin anywhere in the list.
    private mutating func groups(_ name: String, _ kind: SongGroup.Kind) -> QuestionKind {
        QuestionKind(
            name: "\(name) with counts, 500 a page",
            questions: (0..<count).map { index in
                let key = CatalogueText.folded(songs[number(0...(songs.count - 1))].artist.value)
                let cursor = SongCursor(order: .title, keys: [.text(key), .id(SongID(0))])
                return .groups(kind, cursor: index.isMultiple(of: 2) ? nil : cursor.text)
            })
    }
}

extension QuestionMaker {
    fileprivate mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    fileprivate mutating func song() -> SongEntry { songs[number(0...(songs.count - 1))] }
    fileprivate mutating func order() -> SongOrder { SongOrder.allCases.randomElement(using: &generator) ?? .title }
    fileprivate mutating func letter() -> String { one(of: "abcdefghijklmnopqrstuvwxyz0123é愛с") }
    fileprivate mutating func vowel() -> String { one(of: "aeiou") }
    fileprivate mutating func common() -> String {
        ["the", "love", "you", "remastered", "a", "remaster", "l", "rock"].randomElement(using: &generator) ?? "the"
    }

    private mutating func one(of letters: String) -> String {
        letters.randomElement(using: &generator).map { String($0) } ?? "a"
    }

    /// Some words from anywhere in a song.
    fileprivate mutating func words(of song: SongEntry, _ count: Int) -> String {
        let all = [song.title.value, song.artist.value, song.album.value].flatMap { $0.split(separator: " ") }
        return all.shuffled(using: &generator).prefix(count).joined(separator: " ")
    }

    /// The beginning of a field, as somebody types it.
    fileprivate mutating func prefix(of text: String) -> String {
        String(text.prefix(number(1...max(1, min(12, text.count)))))
    }

    /// A filter for each bit of `fields`.
    fileprivate mutating func combined(_ fields: Int, letters: Int?) -> SongQuery {
        let song = song()
        func text(_ bit: Int, _ value: String) -> String? {
            guard fields >> bit & 1 == 1, !value.isEmpty else { return nil }
            return letters.map { String(value.prefix($0)) } ?? value
        }
        return SongQuery(
            title: text(0, song.title.value), artist: text(1, song.artist.value), album: text(2, song.album.value),
            genre: text(3, song.genre.value), order: order())
    }

    /// The same from behind some song on.
    fileprivate mutating func deep(_ query: SongQuery) -> SongQuery {
        var query = query
        query.order = order()
        let song = song()
        let (title, artist, album) = (
            SongCursor.Key.text(CatalogueText.folded(song.title.value)),
            SongCursor.Key.text(CatalogueText.folded(song.artist.value)),
            SongCursor.Key.text(CatalogueText.folded(song.album.value))
        )
        let (track, id) = (SongCursor.Key.number(Int64(song.track.value ?? 0)), SongCursor.Key.id(song.id))
        let keys: [SongCursor.Key] =
            switch query.order {
            case .title: [title, id]
            case .artist: [artist, album, track, title, id]
            case .album: [album, artist, track, title, id]
            case .added: [.number(-song.addedAtMs), id]
            }
        query.cursor = SongCursor(order: query.order, keys: keys).text
        return query
    }
}
