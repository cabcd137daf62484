internal import Catalogue
internal import Model
internal import Platform

/// Artists, albums and genres with the number of their songs, in the order of their folded names.
///
/// One name may be spelt in several ways; the first one by its bytes is shown, the same on every server. The numbers
/// are kept with every change: counting a million songs would take a second.
extension Connection {
    func groups(
        _ kind: SongGroup.Kind, limit: Int, behind cursor: SongCursor?
    ) throws(StoreError) -> SongGroupPage {
        let keys = cursor?.keys.map(\.value) ?? [.text(""), .bytes([])]
        let limit = min(max(limit, 1), PageRequest.mostSongs)
        var groups = try rows(
            """
            SELECT id, name, artist, songs, key FROM tally
            WHERE kind = ? AND (key, id) > (?, ?) ORDER BY key, id LIMIT ?
            """, [.integer(kind.number)] + keys + [.integer(Int64(limit + 1))]
        ) { row throws(StoreError) in
            let group = SongGroup(
                id: SongID(try wide(row.bytes(0))), name: row.text(1), artist: row.isNull(2) ? nil : row.text(2),
                songs: Int(row.integer(3)))
            return (group: group, key: row.text(4))
        }
        let isMore = groups.count > limit
        if isMore { groups.removeLast() }
        if kind == .album {
            for index in groups.indices { try illustrate(&groups[index].group) }
        }
        let next = groups.last.map { SongCursor(order: .title, keys: [.text($0.key), .id($0.group.id)]).text }
        return SongGroupPage(groups: groups.map(\.group), next: isMore ? next : nil)
    }

    /// Gives an album a cover and a year, of the first of its songs that have one.
    private func illustrate(_ album: inout SongGroup) throws(StoreError) {
        let songs = try rows(
            "SELECT number, shown, body FROM song WHERE alive AND album_id = ? LIMIT \(Self.lookedAt)",
            [blob(album.id.value)]
        ) { row throws(StoreError) in try StoredSong(row).shownEntry }
        album.cover = songs.first { $0.content.value.cover != nil }?.id
        album.year = songs.lazy.compactMap(\.year.value).first
    }

    /// Songs of an album in which a cover is looked for: mostly all have it, or none.
    private static let lookedAt = 4

    /// Counts one song out of its groups as it was, and into those that it has now; its row is written already.
    func tally(_ before: SongEntry?, _ after: SongEntry?) throws(StoreError) {
        for kind in SongGroup.Kind.allCases {
            let (old, new) = (before.flatMap { kind.group(of: $0) }, after.flatMap { kind.group(of: $0) })
            if let old, let new, old == new { continue }
            if let old { try count(-1, in: kind, old.id) }
            if let new { try count(1, in: kind, new.id) }
        }
    }

    private func count(_ difference: Int64, in kind: SongGroup.Kind, _ id: SongID) throws(StoreError) {
        let key = blob(id.value)
        let columns = kind.columns
        // Spelt as the first song of the index has it; nobody is there any more where there is none.
        let shown: [SQLValue]? = try row(
            """
            SELECT \(columns.key), \(columns.name), \(columns.artist) FROM song INDEXED BY \(columns.index)
            WHERE alive AND \(columns.id) = ? ORDER BY \(columns.sorted) LIMIT 1
            """, [key]
        ) { [.text($0.text(0)), .text($0.text(1)), $0.isNull(2) ? .null : .text($0.text(2))] }
        guard let shown else {
            try execute("DELETE FROM tally WHERE kind = ? AND id = ?", [.integer(kind.number), key])
            return
        }
        try execute(
            """
            INSERT INTO tally (kind, id, key, name, artist, songs) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (kind, id) DO UPDATE SET key = ?3, name = ?4, artist = ?5, songs = songs + ?6
            """, [.integer(kind.number), key] + shown + [.integer(difference)])
    }
}

extension SongGroup.Kind {
    fileprivate var number: Int64 {
        switch self {
        case .artist: 0
        case .album: 1
        case .genre: 2
        }
    }

    /// What tells a song's group, and how it is spelt; nil for a song without a genre.
    fileprivate func group(of song: SongEntry) -> (id: SongID, name: String, artist: String)? {
        let (artist, album, genre) = (song.artist.value, song.album.value, song.genre.value)
        switch self {
        case .artist: return (SongIdentity.artistID(artist), artist, "")
        case .album: return (SongIdentity.albumID(album, artist: artist), album, artist)
        case .genre: return genre.isEmpty ? nil : (SongIdentity.genreID(genre), genre, "")
        }
    }

    fileprivate var columns: (id: String, key: String, name: String, artist: String, index: String, sorted: String) {
        switch self {
        case .artist: ("artist_id", "artist_key", "artist", "NULL", "song_artists", "artist")
        case .album: ("album_id", "album_key", "album", "artist", "song_albums", "album, artist")
        case .genre: ("genre_id", "genre_key", "genre", "NULL", "song_genres", "genre")
        }
    }
}
