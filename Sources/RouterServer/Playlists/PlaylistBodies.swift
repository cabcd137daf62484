internal import HTTP
internal import Model

/// The body of `POST` and `PATCH`: what is named is changed.
struct PlaylistPatch: Decodable {
    var name: String?
    /// Songs to be put at the end; `songs` in `POST`.
    var add: [SongID]?
    var songs: [SongID]?
    /// Items to be taken out.
    var remove: [PlaylistID]?
    /// Items in their new order.
    var order: [PlaylistID]?

    var added: [SongID] { (songs ?? []) + (add ?? []) }
}

/// The body of `GET /api/v1/playlists`.
struct PlaylistListBody: Encodable {
    struct Line: Encodable {
        let id: PlaylistID
        let name: String
        let songs: Int
        let changedAt: String
    }

    let playlists: [Line]

    init(_ summaries: [PlaylistSummary]) {
        playlists = summaries.map {
            Line(
                id: $0.id, name: $0.name, songs: $0.songs,
                changedAt: CalendarDate(wallMs: $0.changedAtMs).iso8601)
        }
    }
}

/// The body of `GET /api/v1/playlists/{id}`. Items whose songs are deleted are left out; they are there again when the
/// songs are.
struct PlaylistBody: Encodable {
    struct Line: Encodable {
        let item: PlaylistID
        let song: SongRecord
    }

    let id: PlaylistID
    let name: String
    let changedAt: String
    let items: [Line]
}

/// The body of `GET /api/v1/favourites`.
struct FavouritesBody: Encodable {
    let songs: [SongID]
}
