internal import Catalogue
internal import Model
internal import Platform

/// The search index of one store: the writing thread changes it, the reading one asks it.
final class SearchIndex: Sendable {
    private let state: Locked<SongIndex>

    /// A question never waits for more than so many edits.
    private static let editsAtOnce = 64

    init(_ index: SongIndex) { state = Locked(index) }

    func label(_ song: UInt32, in order: SongOrder) -> UInt64 {
        state.withLock { $0.labels[order.place][song] }
    }

    /// Takes over what a transaction changed, once it is on disk.
    func publish(_ changes: IndexChanges) {
        var rest = changes.edits[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.editsAtOnce)
            state.withLock { index in
                for edit in some { index.apply(edit) }
            }
            rest = rest.dropFirst(some.count)
        }
    }

    /// The songs that answer a question behind a cursor, and how many there are in all.
    func find(
        _ question: SongIndex.Question, behind cursor: SongCursor?, in connection: Connection
    ) throws(StoreError) -> (songs: [UInt32], total: Int) {
        try state.withLock { index throws(StoreError) in
            var label: UInt64 = 0
            if let cursor { label = try Self.label(at: cursor, index, connection) }
            return index.find(question, after: label)
        }
    }

    /// The label of the last song at or before a cursor, 0 where there is none. The cursor's own song may be gone.
    private static func label(
        at cursor: SongCursor, _ index: SongIndex, _ connection: Connection
    ) throws(StoreError) -> UInt64 {
        var limit = 8
        while true {
            let songs = try connection.songs(.atOrBefore, cursor.keys, in: cursor.order, limit: limit)
            // One without a label was written a moment ago, and is not in the index yet.
            let labels = songs.lazy.map { index.labels[cursor.order.place][$0] }
            if let label = labels.first(where: { $0 > 0 }) { return label }
            if songs.count < limit { return 0 }
            limit *= 16
        }
    }
}

extension SongIndex {
    /// Reads all songs, once in each order and once by genre: what lies side by side has the same words.
    init(_ connection: Connection) throws(StoreError) {
        self.init()
        try take(connection, order: .title, field: .title)
        try take(connection, order: .artist, field: .artist)
        try take(connection, order: .album, field: .album)
        try take(connection, order: .added, field: nil)
        try take(connection, "genre", from: "song_genres", sorted: "genre_id, genre") { index, genre, songs in
            index.add(CatalogueText.folded(genre), of: .genre, to: songs)
        }
    }

    private mutating func take(_ connection: Connection, order: SongOrder, field: SongField?) throws(StoreError) {
        var all: [UInt32] = []
        let sorted = order.columns.joined(separator: ", ")
        let column = field == nil ? "''" : order.columns[0]
        try take(connection, column, from: order.index, sorted: sorted) { index, key, songs in
            if let field { index.add(key, of: field, to: songs) }
            all += songs
        }
        spread(all, in: order)
    }

    /// Goes over all songs in the order of a database index, and hands out those that are alike in `column` together.
    private mutating func take(
        _ connection: Connection, _ column: String, from index: String, sorted: String,
        _ body: (inout SongIndex, String, [UInt32]) -> Void
    ) throws(StoreError) {
        var key: [UInt8] = []
        var songs: [UInt32] = []
        try connection.each(
            "SELECT number, \(column) FROM song INDEXED BY \(index) WHERE alive ORDER BY \(sorted)"
        ) { row throws(StoreError) in
            if !row.equals(1, key) || songs.count == Self.longestRun {
                if !songs.isEmpty { body(&self, String(decoding: key, as: UTF8.self), songs) }
                songs.removeAll(keepingCapacity: true)
                key = row.bytes(1)
            }
            songs.append(UInt32(truncatingIfNeeded: row.integer(0)))
        }
        if !songs.isEmpty { body(&self, String(decoding: key, as: UTF8.self), songs) }
    }

    private static let longestRun = 1 << 16
}
