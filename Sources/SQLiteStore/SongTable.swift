internal import Catalogue
internal import Model
internal import Platform

/// A song's row: where it is, and what it says.
struct StoredSong {
    var number: Int64
    var shown: SongID
    /// Under the shared id and unflagged, as families merge it.
    var entry: SongEntry

    /// The entry as people see it.
    var shownEntry: SongEntry {
        var entry = entry
        entry.collision = shown != entry.id
        entry.id = shown
        return entry
    }

    /// Nil for a deleted one.
    var aliveEntry: SongEntry? { entry.alive.value ? entry : nil }
    var aliveKeys: SongKeys? { aliveEntry.map { SongKeys($0, shown: shown) } }

    /// Reads the columns `number, shown, body`.
    init(_ row: Row) throws(StoreError) {
        guard let entry = EntryCodec.decode(row.bytes(2)) else { throw .corrupt }
        number = row.integer(0)
        shown = SongID(try wide(row.bytes(1)))
        self.entry = entry
    }
}

extension Connection {
    /// The song that stands under an id: the one shown there, else the one that once was, as a collision.
    func song(_ id: SongID) throws(StoreError) -> StoredSong? {
        let key = blob(id.value)
        let shown = try row("SELECT number, shown, body FROM song WHERE shown = ?", [key]) { row throws(StoreError) in
            try StoredSong(row)
        }
        if let shown { return shown }
        return try row("SELECT number, shown, body FROM song WHERE alias = ?", [key]) { row throws(StoreError) in
            try StoredSong(row)
        }
    }

    /// Merges an entry under its shared id into its family, and writes every row of the family that this changes.
    /// - Returns: the merged recording's row number, and the recording as it is now.
    func merge(
        _ entry: SongEntry, noting changes: inout IndexChanges
    ) throws(StoreError) -> (number: Int64, entry: SongEntry) {
        let rows = try rows("SELECT number, shown, body FROM song WHERE shared = ?", [blob(entry.id.value)]) {
            row throws(StoreError) in try StoredSong(row)
        }
        var family = SongFamily(shared: entry.id, recordings: rows.map(\.entry))
        family.merge(entry)
        var merged: (number: Int64, entry: SongEntry)?
        for (recording, shown) in zip(family.recordings, family.shown) {
            let sha256 = recording.content.value.sha256
            let before = rows.first { $0.entry.content.value.sha256 == sha256 }
            let alone = family.recordings.count == 1
            let number = try write(recording, shown: shown.id, alone: alone, over: before, noting: &changes)
            if sha256 == entry.content.value.sha256 { merged = (number, recording) }
        }
        guard let merged else { throw .corrupt }
        try raiseHighestStamp(to: merged.entry.highestStamp)
        return merged
    }

    /// Writes one recording's row unless it already says so; the search index, the groups and the count follow.
    private func write(
        _ recording: SongEntry, shown: SongID, alone: Bool, over before: StoredSong?,
        noting changes: inout IndexChanges
    ) throws(StoreError) -> Int64 {
        if let before, before.entry == recording, before.shown == shown { return before.number }
        let keys = SongKeys(recording, shown: shown)
        let columns = columns(of: recording, keys, alone: alone)
        let number: Int64
        if let before {
            number = before.number
            try execute(Self.update, columns + [.integer(number)])
        } else {
            try execute(Self.insert, columns)
            number = lastNumber
        }
        let (old, new) = (before?.aliveEntry, recording.alive.value ? recording : nil)
        try changes.note(
            UInt32(truncatingIfNeeded: number), before: before?.aliveKeys, after: new == nil ? nil : keys, in: self)
        try tally(old, new)
        try addToSongCount((new == nil ? 0 : 1) - (old == nil ? 0 : 1))
        return number
    }

    private func columns(of entry: SongEntry, _ keys: SongKeys, alone: Bool) -> [SQLValue] {
        let (artist, album, genre) = (entry.artist.value, entry.album.value, entry.genre.value)
        let content = entry.content.value
        return [
            blob(entry.id.value), .bytes(content.sha256.bytes), blob(keys.shown.value),
            alone ? .null : blob(SongIdentity.collisionID(of: entry.id, sha256: content.sha256).value),
            .integer(entry.alive.value ? 1 : 0), .text(keys[.title]), .text(keys[.artist]), .text(keys[.album]),
            .text(keys[.genre]), .integer(keys.track), .integer(keys.recency),
            blob(SongIdentity.artistID(artist).value), blob(SongIdentity.albumID(album, artist: artist).value),
            blob(SongIdentity.genreID(genre).value), .text(artist), .text(album), .text(genre),
            .bytes(EntryCodec.encode(entry)),
        ]
    }

    private static let insert = """
        INSERT INTO song (shared, sha256, shown, alias, alive, title_key, artist_key, album_key, genre_key, track,
          recency, artist_id, album_id, genre_id, artist, album, genre, body)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let update = """
        UPDATE song SET (shared, sha256, shown, alias, alive, title_key, artist_key, album_key, genre_key, track,
          recency, artist_id, album_id, genre_id, artist, album, genre, body)
        = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE number = ?
        """
}
