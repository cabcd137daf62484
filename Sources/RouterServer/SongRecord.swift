internal import HTTP
package import Model

/// A song as the API shows it (the spec, §6). What is not known is null, so that every song has every key.
package struct SongRecord: Encodable, Sendable {
    private let entry: SongEntry
    private let isAvailable: Bool

    package init(_ entry: SongEntry, isAvailable: Bool) {
        self.entry = entry
        self.isAvailable = isAvailable
    }

    private enum Key: String, CodingKey {
        case id, title, artist, album, genre, year, track, durationMs, bytes, contentType, sha256, chunks, addedAt
        case cover, loudness, available
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        let content = entry.content.value
        try container.encode(entry.id, forKey: .id)
        try container.encode(entry.title.value, forKey: .title)
        try container.encode(entry.artist.value, forKey: .artist)
        try container.encode(entry.album.value, forKey: .album)
        try container.encode(entry.genre.value.isEmpty ? nil : entry.genre.value, forKey: .genre)
        try container.encode(entry.year.value, forKey: .year)
        try container.encode(entry.track.value, forKey: .track)
        try container.encode(content.durationMs, forKey: .durationMs)
        try container.encode(content.bytes, forKey: .bytes)
        try container.encode(content.contentType, forKey: .contentType)
        try container.encode(content.sha256, forKey: .sha256)
        try container.encode(content.chunks, forKey: .chunks)
        try container.encode(CalendarDate(wallMs: entry.addedAtMs).iso8601, forKey: .addedAt)
        try container.encode(content.cover.map { _ in "/api/v1/songs/\(entry.id)/cover" }, forKey: .cover)
        try container.encode(entry.loudness?.lufs, forKey: .loudness)
        try container.encode(isAvailable, forKey: .available)
    }
}

/// The body of `GET /api/v1/songs`.
struct SongListBody: Encodable {
    let songs: [SongRecord]
    let total: Int
    let next: String?

    private enum Key: String, CodingKey { case songs, total, next }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(songs, forKey: .songs)
        try container.encode(total, forKey: .total)
        try container.encode(next, forKey: .next)
    }
}

/// The body of `GET /api/v1/artists`, `/albums` or `/genres`.
struct GroupListBody: Encodable {
    /// What the list is called.
    let name: String
    let groups: [SongGroup]
    let next: String?

    private struct Group: Encodable {
        let id: SongID
        let name: String
        let artist: String?
        let songs: Int
        let cover: String?
        let year: Int?

        init(_ group: SongGroup) {
            id = group.id
            name = group.name
            artist = group.artist
            songs = group.songs
            cover = group.cover.map { "/api/v1/songs/\($0)/cover" }
            year = group.year
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(groups.map(Group.init), forKey: Key(name))
        try container.encode(next, forKey: Key("next"))
    }
}
