internal import Catalogue
internal import Model
internal import Platform

/// What a song is searched and sorted by.
struct SongKeys: Hashable {
    /// Folded, in the order of `SongField`.
    private let texts: [String]
    let track: Int64
    /// The negative of when it was added.
    let recency: Int64
    let shown: SongID

    init(_ entry: SongEntry, shown: SongID) {
        texts = [entry.title.value, entry.artist.value, entry.album.value, entry.genre.value]
            .map(CatalogueText.folded)
        track = Int64(entry.track.value ?? 0)
        recency = -entry.addedAtMs
        self.shown = shown
    }

    subscript(field: SongField) -> String { texts[field.rawValue] }

    func cursorKeys(in order: SongOrder) -> [SongCursor.Key] {
        order.columns.map { column in
            switch column {
            case "title_key": .text(self[.title])
            case "artist_key": .text(self[.artist])
            case "album_key": .text(self[.album])
            case "track": .number(track)
            case "recency": .number(recency)
            default: .id(shown)
            }
        }
    }
}

extension SongOrder {
    /// What the rows are sorted by, all ascending, the id last: each order has an index of exactly these.
    var columns: [String] {
        switch self {
        case .title: ["title_key", "shown"]
        case .artist: ["artist_key", "album_key", "track", "title_key", "shown"]
        case .album: ["album_key", "artist_key", "track", "title_key", "shown"]
        case .added: ["recency", "shown"]
        }
    }

    var index: String {
        switch self {
        case .title: "song_title"
        case .artist: "song_artist"
        case .album: "song_album"
        case .added: "song_recency"
        }
    }
}

extension Connection {
    /// Which of the songs beside some keys are asked for, the nearest first.
    enum Side: String {
        case before = "<"
        case atOrBefore = "<="
        case after = ">"
    }

    /// The songs beside some keys in an order, the nearest first.
    func songs(
        _ side: Side, _ keys: [SongCursor.Key], in order: SongOrder, limit: Int
    ) throws(StoreError) -> [UInt32] {
        let places = Array(repeating: "?", count: keys.count).joined(separator: ", ")
        let direction = side == .after ? "" : " DESC"
        let sorted = order.columns.map { $0 + direction }.joined(separator: ", ")
        return try rows(
            """
            SELECT number FROM song INDEXED BY \(order.index)
            WHERE alive AND (\(order.columns.joined(separator: ", "))) \(side.rawValue) (\(places))
            ORDER BY \(sorted) LIMIT ?
            """, keys.map(\.value) + [.integer(Int64(limit))]
        ) { UInt32(truncatingIfNeeded: $0.integer(0)) }
    }
}

extension Connection {
    func firstSongs(in order: SongOrder, limit: Int) throws(StoreError) -> [UInt32] {
        try rows(
            """
            SELECT number FROM song INDEXED BY \(order.index) WHERE alive
            ORDER BY \(order.columns.joined(separator: ", ")) LIMIT ?
            """, [.integer(Int64(limit))]
        ) { UInt32(truncatingIfNeeded: $0.integer(0)) }
    }
}

extension SongCursor.Key {
    var value: SQLValue {
        switch self {
        case .number(let number): .integer(number)
        case .text(let text): .text(text)
        case .id(let id): blob(id.value)
        }
    }
}
