/// The order of a list of songs; ties go by id, so that a cursor is exact.
package enum SongOrder: String, Hashable, Sendable, Codable, CaseIterable {
    case title, artist, album, added
}

/// What `GET /api/v1/songs` asks for. Nil fields do not filter.
package struct SongQuery: Hashable, Sendable {
    /// Word prefixes in any field, accents and case folded; all words must match.
    package var words: String?
    /// The four fields match as word prefixes within that field and combine freely.
    package var title: String?
    package var artist: String?
    package var album: String?
    package var genre: String?
    package var sha256: ContentHash?
    package var order: SongOrder
    /// 1 to 500.
    package var limit: Int
    /// The `next` of the page before.
    package var cursor: String?

    package init(
        words: String? = nil, title: String? = nil, artist: String? = nil, album: String? = nil, genre: String? = nil,
        sha256: ContentHash? = nil, order: SongOrder = .title, limit: Int = 50, cursor: String? = nil
    ) {
        self.words = words
        self.title = title
        self.artist = artist
        self.album = album
        self.genre = genre
        self.sha256 = sha256
        self.order = order
        self.limit = limit
        self.cursor = cursor
    }
}

/// One page of songs, the number of all that match, and where the next page begins.
package struct SongPage: Hashable, Sendable {
    package var songs: [SongEntry]
    package var total: Int
    package var next: String?

    package init(songs: [SongEntry], total: Int, next: String?) {
        self.songs = songs
        self.total = total
        self.next = next
    }
}

/// An artist, an album or a genre with the number of its songs.
package struct SongGroup: Hashable, Sendable {
    /// What songs are counted by.
    package enum Kind: Hashable, Sendable, CaseIterable {
        case artist, album, genre
    }

    package var id: SongID
    package var name: String
    /// An album's artist.
    package var artist: String?
    package var songs: Int
    /// An album's: a song whose cover it is, and the year of one of its songs, where one has any.
    package var cover: SongID?
    package var year: Int?

    package init(id: SongID, name: String, artist: String?, songs: Int) {
        self.id = id
        self.name = name
        self.artist = artist
        self.songs = songs
    }
}

/// One page of groups in the order of their folded names, and where the next page begins.
package struct SongGroupPage: Hashable, Sendable {
    package var groups: [SongGroup]
    package var next: String?

    package init(groups: [SongGroup], next: String?) {
        self.groups = groups
        self.next = next
    }
}
