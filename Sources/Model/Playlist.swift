/// A playlist's id, or an item's in one: 128 random bits, printed as a UUID.
package struct PlaylistID: Hashable, Comparable, Sendable {
    private let id: SongID

    package init(_ value: UInt128) { id = SongID(value) }

    package var value: UInt128 { id.value }

    /// The one playlist that every cluster has: the songs that somebody likes.
    package static let favourites = PlaylistID(0)

    package static func random(using generator: inout some RandomNumberGenerator) -> PlaylistID {
        PlaylistID(UInt128(generator.next()) << 64 | UInt128(generator.next()))
    }

    package static func < (left: PlaylistID, right: PlaylistID) -> Bool { left.id < right.id }
}

extension PlaylistID: LosslessStringConvertible, Codable {
    package init?(_ text: String) {
        guard let id = SongID(text) else { return nil }
        self.id = id
    }

    package var description: String { id.description }

    package init(from decoder: any Decoder) throws { id = try SongID(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try id.encode(to: encoder) }
}

/// One register of a playlist, its name or the song of one item: the last writer wins (Shapiro and others 2011).
///
/// A playlist is no value of its own but the set of its registers, so that what two listeners do to it on two sides of
/// a partition is both kept, and no change sends the whole of it.
package struct PlaylistEntry: Hashable, Sendable {
    /// What a register holds.
    package enum Content: Hashable, Sendable {
        case name(String)
        /// Items stand in the order of their positions; equal ones in that of their ids.
        case song(SongID, position: Int64)
    }

    package var playlist: PlaylistID
    /// Nil for the name.
    package var item: PlaylistID?
    /// Nil where the playlist was deleted, or the item taken out.
    package var content: Stamped<Content?>

    package init(playlist: PlaylistID, item: PlaylistID?, content: Stamped<Content?>) {
        self.playlist = playlist
        self.item = item
        self.content = content
    }
}

/// A playlist as lists show it.
package struct PlaylistSummary: Hashable, Sendable {
    package var id: PlaylistID
    package var name: String
    /// Items whose songs are in the catalogue.
    package var songs: Int
    /// Milliseconds since 1970 of the last change to it.
    package var changedAtMs: Int64

    package init(id: PlaylistID, name: String, songs: Int, changedAtMs: Int64) {
        self.id = id
        self.name = name
        self.songs = songs
        self.changedAtMs = changedAtMs
    }
}
