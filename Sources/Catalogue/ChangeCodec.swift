package import Model

/// The bytes of a change: those of a song, or of a playlist's register. The first one tells them apart.
package enum ChangeCodec {
    package static func encode(_ change: CatalogueChange) -> [UInt8] {
        switch change {
        case .song(let entry): EntryCodec.encode(entry)
        case .playlist(let entry): PlaylistCodec.encode(entry)
        }
    }

    /// Nil when the bytes are neither.
    package static func decode(_ bytes: [UInt8]) -> CatalogueChange? {
        if bytes.first == PlaylistCodec.mark { return PlaylistCodec.decode(bytes).map(CatalogueChange.playlist) }
        return EntryCodec.decode(bytes).map(CatalogueChange.song)
    }
}

/// The bytes of a playlist's register, in the database and between servers: about 80 for an item.
package enum PlaylistCodec {
    /// The first byte, which no song's bytes begin with.
    static let mark: UInt8 = 0x80

    private enum Kind: UInt8 { case nothing, name, song }

    package static func encode(_ entry: PlaylistEntry) -> [UInt8] {
        var writer = EntryWriter()
        writer.byte(mark)
        writer.wide(entry.playlist.value)
        writer.byte(entry.item == nil ? 0 : 1)
        if let item = entry.item { writer.wide(item.value) }
        EntryCodec.write(entry.content.stamp, to: &writer)
        switch entry.content.value {
        case nil: writer.byte(Kind.nothing.rawValue)
        case .name(let name):
            writer.byte(Kind.name.rawValue)
            writer.text(name)
        case .song(let song, let position):
            writer.byte(Kind.song.rawValue)
            writer.wide(song.value)
            writer.integer(position)
        }
        return writer.bytes
    }

    /// Nil when the bytes are no register.
    package static func decode(_ bytes: [UInt8]) -> PlaylistEntry? {
        var reader = EntryReader(bytes)
        guard reader.byte() == mark, let playlist = reader.wide(), let hasItem = reader.byte(), hasItem <= 1 else {
            return nil
        }
        var item: PlaylistID?
        if hasItem == 1 {
            guard let value = reader.wide() else { return nil }
            item = PlaylistID(value)
        }
        guard let stamp = EntryCodec.stamp(&reader), let kind = reader.byte().flatMap(Kind.init(rawValue:)),
            let content = content(kind, &reader), reader.isAtEnd, content.fits(item)
        else { return nil }
        return PlaylistEntry(playlist: PlaylistID(playlist), item: item, content: Stamped(content.value, at: stamp))
    }

    /// What was read, nothing among it.
    private struct Read {
        let value: PlaylistEntry.Content?

        /// Whether it may stand in that register.
        func fits(_ item: PlaylistID?) -> Bool {
            switch value {
            case nil: true
            case .name: item == nil
            case .song: item != nil
            }
        }
    }

    private static func content(_ kind: Kind, _ reader: inout EntryReader) -> Read? {
        switch kind {
        case .nothing: return Read(value: nil)
        case .name: return reader.text().map { Read(value: .name($0)) }
        case .song:
            guard let song = reader.wide(), let position: Int64 = reader.integer() else { return nil }
            return Read(value: .song(SongID(song), position: position))
        }
    }
}
