internal import Catalogue
internal import Model
internal import Platform

/// One page of songs in an order, from a cursor on.
struct PageRequest {
    private let query: SongQuery
    private let cursor: SongCursor?
    /// The words that a song must have, nil when they can match nothing.
    private let terms: Set<SongIndex.Term>?

    /// Songs of one page at most.
    static let mostSongs = 500
    /// Words of a query beyond these are left out: nobody types more, and each costs a look into the index.
    private static let maximumWords = 32
    private static let maximumScalars = 2_000

    /// - Throws: `missing` for a cursor that no page of this order gave out.
    init(_ query: SongQuery) throws(StoreError) {
        self.query = query
        if let text = query.cursor {
            guard let cursor = SongCursor(text, order: query.order), cursor.keys.count == query.order.columns.count
            else { throw .missing }
            self.cursor = cursor
        } else {
            cursor = nil
        }
        terms = Self.terms(query)
    }

    func run(_ connection: Connection, _ index: SearchIndex) throws(StoreError) -> SongPage {
        guard let terms else { return SongPage(songs: [], total: 0, next: nil) }
        let limit = min(max(query.limit, 1), Self.mostSongs)
        if terms.isEmpty && query.sha256 == nil { return try listing(connection, limit: limit) }
        var question = SongIndex.Question(terms: terms, among: nil, order: query.order, limit: limit + 1)
        if let sha256 = query.sha256 { question.among = try connection.numbers(of: sha256) }
        let found = try index.find(question, behind: cursor, in: connection)
        return try page(found.songs, limit: limit, total: found.total, connection)
    }

    /// All songs: the database's own index of the order has them one behind the other.
    private func listing(_ connection: Connection, limit: Int) throws(StoreError) -> SongPage {
        let songs =
            if let cursor {
                try connection.songs(.after, cursor.keys, in: query.order, limit: limit + 1)
            } else {
                try connection.firstSongs(in: query.order, limit: limit + 1)
            }
        return try page(songs, limit: limit, total: try connection.songCount(), connection)
    }

    /// - Parameter numbers: of the page's songs, and of the one behind it.
    private func page(
        _ numbers: [UInt32], limit: Int, total: Int, _ connection: Connection
    ) throws(StoreError) -> SongPage {
        var songs: [StoredSong] = []
        for number in numbers.prefix(limit) {
            // One that was deleted since the index was asked is left out.
            if let song = try connection.aliveSong(number) { songs.append(song) }
        }
        let next = numbers.count > limit ? songs.last.map { cursor(behind: $0) } : nil
        return SongPage(songs: songs.map(\.shownEntry), total: total, next: next)
    }

    private func cursor(behind song: StoredSong) -> String {
        let keys = SongKeys(song.entry, shown: song.shown)
        return SongCursor(order: query.order, keys: keys.cursorKeys(in: query.order)).text
    }

    private static func terms(_ query: SongQuery) -> Set<SongIndex.Term>? {
        let texts: [(Set<SongField>, String?)] = [
            (Set(SongField.allCases), query.words), ([.title], query.title), ([.artist], query.artist),
            ([.album], query.album), ([.genre], query.genre),
        ]
        var terms: Set<SongIndex.Term> = []
        for (fields, text) in texts {
            guard let text, text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { continue }
            let words = CatalogueText.words(String(text.unicodeScalars.prefix(maximumScalars))).prefix(maximumWords)
            // Only signs, no letter or digit: there is no such word, and the answer is not the whole library.
            if words.isEmpty { return nil }
            for word in words { terms.insert(SongIndex.Term(fields: fields, prefix: Word(word.utf8))) }
        }
        return terms
    }
}

extension Connection {
    fileprivate func numbers(of sha256: ContentHash) throws(StoreError) -> [UInt32] {
        try rows("SELECT number FROM song WHERE alive AND sha256 = ?", [.bytes(sha256.bytes)]) {
            UInt32(truncatingIfNeeded: $0.integer(0))
        }
    }

    fileprivate func aliveSong(_ number: UInt32) throws(StoreError) -> StoredSong? {
        try row("SELECT number, shown, body FROM song WHERE number = ? AND alive", [.integer(Int64(number))]) {
            row throws(StoreError) in try StoredSong(row)
        }
    }
}
