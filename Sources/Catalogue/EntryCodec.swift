package import Model

/// The bytes of an entry in the database: about 450 for a common song, a third of its JSON, and read a dozen times
/// faster.
///
/// Stamps of one writer and moment are written once: a song that nobody edited has a single one. The first byte is the
/// format's version: 1 is a song without its loudness, 2 one with it at the end.
package enum EntryCodec {
    private static let plain: UInt8 = 1
    private static let measured: UInt8 = 2

    package static func encode(_ entry: SongEntry) -> [UInt8] {
        var writer = EntryWriter()
        writer.byte(entry.loudness == nil ? plain : measured)
        writer.wide(entry.id.value)
        let stamps = stamps(of: entry)
        var table: [Stamp] = []
        for stamp in stamps where !table.contains(stamp) { table.append(stamp) }
        writer.byte(UInt8(truncatingIfNeeded: table.count))
        for stamp in table { write(stamp, to: &writer) }
        for stamp in stamps { writer.byte(UInt8(truncatingIfNeeded: table.firstIndex(of: stamp) ?? 0)) }
        for text in [entry.title, entry.artist, entry.album, entry.genre] { writer.text(text.value) }
        for number in [entry.year, entry.track] { writer.integer(Int32(clamping: number.value ?? 0)) }
        writer.integer(entry.addedAtMs)
        writer.byte((entry.alive.value ? 1 : 0) | (entry.collision ? 2 : 0))
        write(entry.content.value, to: &writer)
        if let loudness = entry.loudness { writer.integer(loudness.hundredths) }
        return writer.bytes
    }

    /// Nil when the bytes are no entry.
    package static func decode(_ bytes: [UInt8]) -> SongEntry? {
        var reader = EntryReader(bytes)
        guard let version = reader.byte(), [plain, measured].contains(version), let id = reader.wide(),
            let stamps = stamps(&reader), let title = reader.text(), let artist = reader.text(),
            let album = reader.text(), let genre = reader.text(),
            let year: Int32 = reader.integer(), let track: Int32 = reader.integer(),
            let addedAtMs: Int64 = reader.integer(), let flags = reader.byte(), let content = content(&reader)
        else { return nil }
        let loudness: Int32? = version == measured ? reader.integer() : nil
        guard reader.isAtEnd, version == plain || loudness != nil else { return nil }
        return SongEntry(
            id: SongID(id), title: Stamped(title, at: stamps[0]), artist: Stamped(artist, at: stamps[1]),
            album: Stamped(album, at: stamps[2]), genre: Stamped(genre, at: stamps[3]),
            year: Stamped(year == 0 ? nil : Int(year), at: stamps[4]),
            track: Stamped(track == 0 ? nil : Int(track), at: stamps[5]), content: Stamped(content, at: stamps[6]),
            addedAtMs: addedAtMs, alive: Stamped(flags & 1 != 0, at: stamps[7]),
            loudness: loudness.map(Loudness.init(hundredths:)), collision: flags & 2 != 0)
    }

    private static func stamps(of entry: SongEntry) -> [Stamp] {
        [
            entry.title.stamp, entry.artist.stamp, entry.album.stamp, entry.genre.stamp, entry.year.stamp,
            entry.track.stamp, entry.content.stamp, entry.alive.stamp,
        ]
    }

    private static func stamps(_ reader: inout EntryReader) -> [Stamp]? {
        guard let count = reader.byte(), (1...8).contains(count) else { return nil }
        var table: [Stamp] = []
        for _ in 0..<count {
            guard let stamp = stamp(&reader) else { return nil }
            table.append(stamp)
        }
        var stamps: [Stamp] = []
        for _ in 0..<8 {
            guard let index = reader.byte(), Int(index) < table.count else { return nil }
            stamps.append(table[Int(index)])
        }
        return stamps
    }

    /// A stamp's 28 bytes, which sort as stamps do where no clock is before 1970.
    package static func write(_ stamp: Stamp, to writer: inout EntryWriter) {
        writer.integer(stamp.wallMs)
        writer.integer(stamp.counter)
        writer.wide(stamp.writer.value)
    }

    package static func stamp(_ reader: inout EntryReader) -> Stamp? {
        guard let wallMs: Int64 = reader.integer(), let counter: UInt32 = reader.integer(), let writer = reader.wide()
        else { return nil }
        return Stamp(wallMs: wallMs, counter: counter, writer: ServerID(writer))
    }

    private static func write(_ content: SongContent, to writer: inout EntryWriter) {
        writer.raw(content.sha256.bytes)
        writer.integer(content.bytes)
        writer.text(content.contentType)
        writer.integer(content.durationMs)
        writer.integer(Int64(content.chunks))
        writer.raw(content.manifest.bytes)
        writer.integer(Int64(content.manifestLength))
        writer.byte(content.cover == nil ? 0 : 1)
        guard let cover = content.cover else { return }
        writer.raw(cover.sha256.bytes)
        writer.integer(Int64(cover.length))
        writer.text(cover.contentType)
    }

    private static func content(_ reader: inout EntryReader) -> SongContent? {
        guard let sha256 = reader.raw(32).flatMap({ ContentHash(bytes: $0) }), let bytes: Int64 = reader.integer(),
            let contentType = reader.text(), let durationMs: Int64 = reader.integer(),
            let chunks: Int64 = reader.integer(), let manifest = reader.raw(32).flatMap({ ContentHash(bytes: $0) }),
            let manifestLength: Int64 = reader.integer(), let hasCover = reader.byte(), hasCover <= 1
        else { return nil }
        var cover: Attachment?
        if hasCover == 1 {
            guard let read = attachment(&reader) else { return nil }
            cover = read
        }
        return SongContent(
            sha256: sha256, bytes: bytes, contentType: contentType, durationMs: durationMs, chunks: Int(chunks),
            manifest: manifest, manifestLength: Int(manifestLength), cover: cover)
    }

    private static func attachment(_ reader: inout EntryReader) -> Attachment? {
        guard let sha256 = reader.raw(32).flatMap({ ContentHash(bytes: $0) }), let length: Int64 = reader.integer(),
            let contentType = reader.text()
        else { return nil }
        return Attachment(sha256: sha256, length: Int(length), contentType: contentType)
    }
}
