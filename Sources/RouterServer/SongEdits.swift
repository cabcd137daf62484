package import Model
package import Platform

/// A song after a change, and on how many servers' disks the change is.
package struct ChangedSong: Hashable, Sendable {
    package let entry: SongEntry
    package let replicas: Int

    package init(_ entry: SongEntry, replicas: Int) {
        self.entry = entry
        self.replicas = replicas
    }
}

/// Where changes of the catalogue go that bring no music.
///
/// Both may be sent again after any error: the second one finds what the first has done, and tells it to more servers.
@Loop
package protocol SongEdits: AnyObject, Sendable {
    /// Changes the fields that `tags` names; a blank genre, and a year or track of 0, take that field away.
    /// - Throws: `APIError`: 404 for a song that is not there, 503 `too_few_servers` when the change is on fewer than
    ///   two disks yet, and may or may not last.
    func edit(_ id: SongID, _ tags: SongTags) async throws -> ChangedSong

    /// Deletes the song: a tombstone in its place, which wins over every earlier upload wherever that was made. A song
    /// that is deleted already stays so, and the tombstone is told again.
    /// - Throws: as `edit`; 404 only for an id that never was.
    func delete(_ id: SongID) async throws -> ChangedSong

    /// Writes registers of playlists, 500 at most, all or none of them.
    /// - Returns: on how many servers' disks they are.
    /// - Throws: `APIError`, 503 `too_few_servers` among them, as `edit`.
    func write(_ contents: [PlaylistContent]) async throws -> Int
}

/// What a register of a playlist is to hold from now on.
package struct PlaylistContent: Hashable, Sendable {
    package var playlist: PlaylistID
    /// Nil for the name.
    package var item: PlaylistID?
    /// Nil deletes the playlist, or takes the item out.
    package var content: PlaylistEntry.Content?

    package init(_ playlist: PlaylistID, item: PlaylistID? = nil, _ content: PlaylistEntry.Content?) {
        self.playlist = playlist
        self.item = item
        self.content = content
    }

    package func entry(at stamp: Stamp) -> PlaylistEntry {
        PlaylistEntry(playlist: playlist, item: item, content: Stamped(content, at: stamp))
    }
}
