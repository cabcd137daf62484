package import Model

/// The searchable fields of a song, clean and complete: what a new entry is made of.
package struct SongNames: Hashable, Sendable {
    package static let unknownArtist = "Unknown Artist"
    package static let unknownAlbum = "Unknown Album"
    package static let unknownTitle = "Unknown Title"

    package var title: String
    package var artist: String
    package var album: String
    /// Empty when unknown.
    package var genre: String
    /// 1 to 9999.
    package var year: Int?
    /// 1 to 9999.
    package var track: Int?

    /// Cleans what a file or a person says, and fills in what is missing: the title from the file's name.
    package init(_ tags: SongTags, fileName: String) {
        title = CatalogueText.clean(tags.title) ?? Self.title(fileName: fileName)
        artist = CatalogueText.clean(tags.artist) ?? Self.unknownArtist
        album = CatalogueText.clean(tags.album) ?? Self.unknownAlbum
        genre = CatalogueText.clean(tags.genre) ?? ""
        year = tags.year.flatMap { Self.valid($0) }
        track = tags.track.flatMap { Self.valid($0) }
    }

    /// The id that a song of these names has.
    package var id: SongID { SongIdentity.id(title: title, artist: artist, album: album) }

    /// The number when it is one that a year or a track can have, 1 to 9999.
    package static func valid(_ number: Int) -> Int? { (1...9_999).contains(number) ? number : nil }

    /// The last part of a path without its extension, whichever system wrote the path.
    private static func title(fileName: String) -> String {
        let last = fileName.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        guard let dot = last.lastIndex(of: "."), dot > last.startIndex else {
            return CatalogueText.clean(last) ?? unknownTitle
        }
        return CatalogueText.clean(String(last[..<dot])) ?? unknownTitle
    }
}

extension SongTags {
    /// These tags, with what `other` has in place of what is absent here: an uploader's words go before the file's.
    package func completed(by other: SongTags) -> SongTags {
        SongTags(
            title: CatalogueText.clean(title) ?? other.title, artist: CatalogueText.clean(artist) ?? other.artist,
            album: CatalogueText.clean(album) ?? other.album, genre: CatalogueText.clean(genre) ?? other.genre,
            year: year ?? other.year, track: track ?? other.track)
    }
}

extension SongEntry {
    /// A new song, every field written at `stamp`, under the id of its names.
    package init(_ names: SongNames, content: SongContent, addedAtMs: Int64, at stamp: Stamp) {
        self.init(
            id: names.id, title: Stamped(names.title, at: stamp), artist: Stamped(names.artist, at: stamp),
            album: Stamped(names.album, at: stamp), genre: Stamped(names.genre, at: stamp),
            year: Stamped(names.year, at: stamp), track: Stamped(names.track, at: stamp),
            content: Stamped(content, at: stamp), addedAtMs: addedAtMs, alive: Stamped(true, at: stamp))
    }

    /// This entry with the fields that `tags` names changed at `stamp`; nil fields, and those already so, stay as they
    /// are.
    ///
    /// A blank genre, and a year or track of 0, take that field away. A blank title, artist or album changes nothing.
    package func edited(_ tags: SongTags, at stamp: Stamp) -> SongEntry {
        var entry = self
        entry.set(\.title, CatalogueText.clean(tags.title), at: stamp)
        entry.set(\.artist, CatalogueText.clean(tags.artist), at: stamp)
        entry.set(\.album, CatalogueText.clean(tags.album), at: stamp)
        entry.set(\.genre, tags.genre.map { CatalogueText.clean($0) ?? "" }, at: stamp)
        entry.set(\.year, tags.year.map { SongNames.valid($0) }, at: stamp)
        entry.set(\.track, tags.track.map { SongNames.valid($0) }, at: stamp)
        return entry
    }

    private mutating func set<Value: Equatable>(
        _ field: WritableKeyPath<SongEntry, Stamped<Value>>, _ value: Value?, at stamp: Stamp
    ) {
        guard let value, self[keyPath: field].value != value else { return }
        self[keyPath: field] = Stamped(value, at: stamp)
    }

    /// This entry as a tombstone written at `stamp`.
    package func deleted(at stamp: Stamp) -> SongEntry {
        var entry = self
        entry.alive = Stamped(false, at: stamp)
        return entry
    }

    /// This entry as found again by an upload of the same bytes at `stamp`: alive, whatever another side deletes before
    /// that.
    ///
    /// A song that had been deleted comes back with the upload's content, whose manifest is the one that is stored now.
    package func uploadedAgain(_ upload: SongEntry, at stamp: Stamp) -> SongEntry {
        var entry = alive.value ? self : upload
        entry.id = id
        entry.alive = Stamped(true, at: stamp)
        return entry
    }

    /// The highest of its stamps.
    package var highestStamp: Stamp {
        max(
            max(max(title.stamp, artist.stamp), max(album.stamp, genre.stamp)),
            max(max(year.stamp, track.stamp), max(content.stamp, alive.stamp)))
    }
}

extension CatalogueChange {
    /// The highest stamp in it.
    package var highestStamp: Stamp {
        switch self {
        case .song(let entry): entry.highestStamp
        case .playlist(let entry): entry.content.stamp
        }
    }
}
