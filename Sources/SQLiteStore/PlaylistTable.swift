internal import Catalogue
internal import Model
internal import Platform

/// Playlists: one row a register.
extension Connection {
    /// Merges a register: the later writer's content stays.
    /// - Returns: its row's number, and the register as it is now.
    func merge(_ entry: PlaylistEntry) throws(StoreError) -> (number: Int64, entry: PlaylistEntry) {
        try raiseHighestStamp(to: entry.content.stamp)
        let keys = [blob(entry.playlist.value), Self.key(entry.item)]
        let known = try row(
            "SELECT number, body FROM playlist_entry WHERE playlist = ? AND item = ?", keys
        ) { row throws(StoreError) in (number: row.integer(0), entry: try playlistEntry(row.bytes(1))) }
        var merged = entry
        if let known {
            merged.content = .later(known.entry.content, entry.content)
            if merged == known.entry { return known }
        }
        let song: SongID? = if case .song(let song, _) = merged.content.value { song } else { nil }
        try execute(
            """
            INSERT INTO playlist_entry (playlist, item, song, alive, changed, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (playlist, item) DO UPDATE
              SET (song, alive, changed, body) = (excluded.song, excluded.alive, excluded.changed, excluded.body)
            """,
            keys + [
                song.map { blob($0.value) } ?? .null, .integer(merged.content.value == nil ? 0 : 1),
                .integer(merged.content.stamp.wallMs), .bytes(PlaylistCodec.encode(merged)),
            ])
        return (known?.number ?? lastNumber, merged)
    }

    /// All registers of a playlist, those of what was taken out of it among them, in the order of their items.
    func playlist(_ id: PlaylistID) throws(StoreError) -> [PlaylistEntry] {
        try rows("SELECT body FROM playlist_entry WHERE playlist = ? ORDER BY item", [blob(id.value)]) {
            row throws(StoreError) in try playlistEntry(row.bytes(0))
        }
    }

    /// The playlists that have a name, in the order of their ids.
    func playlists() throws(StoreError) -> [PlaylistSummary] {
        try rows(
            """
            SELECT body, (
                SELECT count(*) FROM playlist_entry AS item WHERE item.playlist = list.playlist AND item.alive
                AND EXISTS (SELECT 1 FROM song WHERE shown = item.song AND song.alive)
              ), (SELECT max(changed) FROM playlist_entry AS any WHERE any.playlist = list.playlist)
            FROM playlist_entry AS list WHERE item = x'' AND alive ORDER BY playlist
            """
        ) { row throws(StoreError) -> PlaylistSummary in
            let entry = try playlistEntry(row.bytes(0))
            guard case .name(let name) = entry.content.value else { throw .corrupt }
            return PlaylistSummary(
                id: entry.playlist, name: name, songs: Int(row.integer(1)), changedAtMs: row.integer(2))
        }
    }

    /// The name's register has an empty key, and so stands before the items.
    private static func key(_ item: PlaylistID?) -> SQLValue { item.map { blob($0.value) } ?? .bytes([]) }
}

/// The register in a row's `body`.
func playlistEntry(_ body: [UInt8]) throws(StoreError) -> PlaylistEntry {
    guard let entry = PlaylistCodec.decode(body) else { throw .corrupt }
    return entry
}
