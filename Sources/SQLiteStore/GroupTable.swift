internal import Catalogue
internal import Model
internal import Platform

/// Artists, albums and genres with the number of their songs, in the order of their folded names.
///
/// One name may be spelt in several ways; the first one by its bytes is shown, the same on every server.
extension Connection {
    func artists() throws(StoreError) -> [SongGroup] {
        try groups("SELECT artist_id, min(artist), NULL, count(*) FROM song WHERE alive GROUP BY artist_id")
    }

    func albums() throws(StoreError) -> [SongGroup] {
        try groups("SELECT album_id, min(album), min(artist), count(*) FROM song WHERE alive GROUP BY album_id")
    }

    func genres() throws(StoreError) -> [SongGroup] {
        try groups("SELECT genre_id, min(genre), NULL, count(*) FROM song WHERE alive GROUP BY genre_id")
            .filter { !$0.name.isEmpty }
    }

    private func groups(_ sql: String) throws(StoreError) -> [SongGroup] {
        let groups = try rows(sql) { row throws(StoreError) in
            SongGroup(
                id: SongID(try wide(row.bytes(0))), name: row.text(1), artist: row.isNull(2) ? nil : row.text(2),
                songs: Int(row.integer(3)))
        }
        let keyed = groups.map { (key: CatalogueText.folded($0.name), group: $0) }
        return keyed.sorted { ($0.key, $0.group.id) < ($1.key, $1.group.id) }.map(\.group)
    }
}
