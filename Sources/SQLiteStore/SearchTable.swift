internal import Catalogue
internal import Model
internal import Platform

/// One page of songs in an order, from a cursor on.
struct PageRequest {
    private let query: SongQuery
    private let cursor: SongCursor?
    /// The search in FTS5's language, nil when the query has no words; empty when its words can match nothing.
    private let match: String?

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
        match = Self.match(query)
    }

    func run(_ connection: Connection) throws(StoreError) -> SongPage {
        if match?.isEmpty == true { return SongPage(songs: [], total: 0, next: nil) }
        let limit = min(max(query.limit, 1), 500)
        let total = try total(connection)
        let songs = try songs(connection, limit: limit + 1, total: total)
        let page = Array(songs.prefix(limit))
        let next = songs.count > limit ? page.last.map { cursor(behind: $0) } : nil
        return SongPage(songs: page.map(\.shownEntry), total: total, next: next)
    }

    private func songs(_ connection: Connection, limit: Int, total: Int) throws(StoreError) -> [StoredSong] {
        // Few matches are looked up and sorted. Of many, a walk in the order's index meets a page's worth soon: the
        // walk takes about limit * all / matches steps, the look-ups as many as there are matches.
        let all = try connection.songCount()
        let walks = match == nil || total * total > limit * all
        let columns = query.order.columns.map { "song.\($0)" }.joined(separator: ", ")
        var (conditions, values) = walks ? walkingFilters : lookingUpFilters
        if let cursor {
            let places = Array(repeating: "?", count: cursor.keys.count).joined(separator: ", ")
            conditions.append("(\(columns)) > (\(places))")
            values += cursor.keys.map(\.value)
        }
        let walked = query.sha256 == nil ? "song INDEXED BY \(query.order.index)" : "song"
        let sql = """
            SELECT song.number, song.shown, song.body
            FROM \(walks ? walked : Self.lookedUp) WHERE \(conditions.joined(separator: " AND "))
            ORDER BY \(columns) LIMIT \(limit)
            """
        return try connection.rows(sql, values) { row throws(StoreError) in try StoredSong(row) }
    }

    private func total(_ connection: Connection) throws(StoreError) -> Int {
        let sql: String
        var values: [SQLValue] = []
        switch (match, query.sha256) {
        case (nil, nil): return try connection.songCount()
        case (let match?, nil):
            // The search index holds the songs that are alive and no others.
            sql = "SELECT count(*) FROM words WHERE words MATCH ?"
            values = [.text(match)]
        case (_, .some):
            let filters = match == nil ? walkingFilters : lookingUpFilters
            sql = """
                SELECT count(*) FROM \(match == nil ? "song" : Self.lookedUp)
                WHERE \(filters.sql.joined(separator: " AND "))
                """
            values = filters.values
        }
        return Int(try connection.row(sql, values) { $0.integer(0) } ?? 0)
    }

    private static let lookedUp = "words CROSS JOIN song ON song.number = words.rowid"

    private var lookingUpFilters: (sql: [String], values: [SQLValue]) {
        filters(byWords: "words MATCH ?")
    }

    private var walkingFilters: (sql: [String], values: [SQLValue]) {
        filters(byWords: "song.number IN (SELECT rowid FROM words WHERE words MATCH ?)")
    }

    private func filters(byWords condition: String) -> (sql: [String], values: [SQLValue]) {
        var sql = ["song.alive"]
        var values: [SQLValue] = []
        if let match {
            sql.append(condition)
            values.append(.text(match))
        }
        if let sha256 = query.sha256 {
            sql.append("song.sha256 = ?")
            values.append(.bytes(sha256.bytes))
        }
        return (sql, values)
    }

    private func cursor(behind song: StoredSong) -> String {
        SongCursor(order: query.order, keys: query.order.keys(of: song)).text
    }
}

extension PageRequest {
    /// Words of a query beyond these are left out: nobody types more, and each costs a look into the index.
    private static let maximumWords = 32
    private static let maximumScalars = 2_000

    /// Every word as a quoted prefix, so that nothing a listener types is read as FTS5's syntax.
    private static func match(_ query: SongQuery) -> String? {
        let fields = [
            ("", query.words), ("title_key : ", query.title), ("artist_key : ", query.artist),
            ("album_key : ", query.album), ("genre_key : ", query.genre),
        ]
        var parts: [String] = []
        var asksForNothing = false
        for (column, text) in fields {
            guard let text, text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { continue }
            let words = CatalogueText.words(String(text.unicodeScalars.prefix(maximumScalars))).prefix(maximumWords)
            // Only signs, no letter or digit: there is no such word, and the answer is not the whole library.
            if words.isEmpty { asksForNothing = true }
            parts += words.map { "(\(column)\"\($0)\" *)" }
        }
        if asksForNothing { return "" }
        return parts.isEmpty ? nil : parts.joined(separator: " AND ")
    }
}

extension SongOrder {
    /// What the rows are sorted by, all ascending, the id last: each order has an index of exactly these.
    fileprivate var columns: [String] {
        switch self {
        case .title: ["title_key", "shown"]
        case .artist: ["artist_key", "album_key", "track", "title_key", "shown"]
        case .album: ["album_key", "artist_key", "track", "title_key", "shown"]
        case .added: ["recency", "shown"]
        }
    }

    fileprivate var index: String {
        switch self {
        case .title: "song_title"
        case .artist: "song_artist"
        case .album: "song_album"
        case .added: "song_recency"
        }
    }

    fileprivate func keys(of song: StoredSong) -> [SongCursor.Key] {
        columns.map { column in
            switch column {
            case "title_key": .text(CatalogueText.folded(song.entry.title.value))
            case "artist_key": .text(CatalogueText.folded(song.entry.artist.value))
            case "album_key": .text(CatalogueText.folded(song.entry.album.value))
            case "track": .number(Int64(song.entry.track.value ?? 0))
            case "recency": .number(-song.entry.addedAtMs)
            default: .id(song.shown)
            }
        }
    }
}

extension SongCursor.Key {
    fileprivate var value: SQLValue {
        switch self {
        case .number(let number): .integer(number)
        case .text(let text): .text(text)
        case .id(let id): blob(id.value)
        }
    }
}
