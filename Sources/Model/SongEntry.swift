/// A hybrid logical clock's reading (Kulkarni and others 2014): orders changes made on different servers.
package struct Stamp: Hashable, Comparable, Sendable, Codable {
    /// Milliseconds since 1970 by the writer's or the cluster's clock, whichever is later.
    package var wallMs: Int64
    package var counter: UInt32
    /// Breaks ties.
    package var writer: ServerID

    package init(wallMs: Int64, counter: UInt32, writer: ServerID) {
        self.wallMs = wallMs
        self.counter = counter
        self.writer = writer
    }

    package static func < (left: Stamp, right: Stamp) -> Bool {
        (left.wallMs, left.counter, left.writer) < (right.wallMs, right.counter, right.writer)
    }
}

/// A value and when it was written.
package struct Stamped<Value: Hashable & Sendable>: Hashable, Sendable {
    package var value: Value
    package var stamp: Stamp

    package init(_ value: Value, at stamp: Stamp) {
        self.value = value
        self.stamp = stamp
    }
}

/// The bytes of a song: one field for the merge, since half of it would be another song.
package struct SongContent: Hashable, Sendable, Codable {
    package var sha256: ContentHash
    package var bytes: Int64
    package var contentType: String
    package var durationMs: Int64
    package var chunks: Int
    /// The manifest's chunk and its length.
    package var manifest: ContentHash
    package var manifestLength: Int
    package var cover: Attachment?

    package init(
        sha256: ContentHash, bytes: Int64, contentType: String, durationMs: Int64, chunks: Int,
        manifest: ContentHash, manifestLength: Int, cover: Attachment?
    ) {
        self.sha256 = sha256
        self.bytes = bytes
        self.contentType = contentType
        self.durationMs = durationMs
        self.chunks = chunks
        self.manifest = manifest
        self.manifestLength = manifestLength
        self.cover = cover
    }
}

/// A song in the catalogue: what every server knows of it, each field with its own stamp, at most 1 KB.
package struct SongEntry: Hashable, Sendable {
    package var id: SongID
    package var title: Stamped<String>
    package var artist: Stamped<String>
    package var album: Stamped<String>
    package var genre: Stamped<String>
    package var year: Stamped<Int?>
    package var track: Stamped<Int?>
    package var content: Stamped<SongContent>
    /// Milliseconds since 1970 when it was first uploaded.
    package var addedAtMs: Int64
    /// Whether the song is there; false is a tombstone.
    package var alive: Stamped<Bool>
    /// How loud it is, once that is measured; it follows from the content, and so needs no stamp.
    package var loudness: Loudness?
    /// Set on a song that met another one under its id and had to give way.
    package var collision: Bool

    package init(
        id: SongID, title: Stamped<String>, artist: Stamped<String>, album: Stamped<String>, genre: Stamped<String>,
        year: Stamped<Int?>, track: Stamped<Int?>, content: Stamped<SongContent>, addedAtMs: Int64,
        alive: Stamped<Bool>, loudness: Loudness? = nil, collision: Bool = false
    ) {
        self.id = id
        self.title = title
        self.artist = artist
        self.album = album
        self.genre = genre
        self.year = year
        self.track = track
        self.content = content
        self.addedAtMs = addedAtMs
        self.alive = alive
        self.loudness = loudness
        self.collision = collision
    }
}

/// One life of one server's catalogue database: a restored or rebuilt database gets a new random log.
package struct LogOrigin: Hashable, Comparable, Sendable, Codable {
    package var server: ServerID
    package var log: ServerID

    package init(server: ServerID, log: ServerID) {
        self.server = server
        self.log = log
    }

    package static func < (left: LogOrigin, right: LogOrigin) -> Bool {
        (left.server, left.log) < (right.server, right.log)
    }
}

/// What a change of the catalogue wrote, as it is now: merging it twice changes nothing.
package enum CatalogueChange: Hashable, Sendable {
    case song(SongEntry)
    case playlist(PlaylistEntry)
}

/// One change, as the outbox keeps it and peers exchange it. Sequences of an origin begin at 1 and have no gaps.
package struct LogRecord: Hashable, Sendable {
    package var origin: LogOrigin
    package var sequence: UInt64
    package var change: CatalogueChange

    package init(origin: LogOrigin, sequence: UInt64, change: CatalogueChange) {
        self.origin = origin
        self.sequence = sequence
        self.change = change
    }

    package init(origin: LogOrigin, sequence: UInt64, entry: SongEntry) {
        self.init(origin: origin, sequence: sequence, change: .song(entry))
    }
}

/// Up to which sequence each origin's changes have been applied.
package struct VersionVector: Hashable, Sendable, Codable {
    /// How far one origin has been followed.
    package struct Position: Hashable, Sendable, Codable {
        package var origin: LogOrigin
        package var sequence: UInt64

        package init(origin: LogOrigin, sequence: UInt64) {
            self.origin = origin
            self.sequence = sequence
        }
    }

    /// In the order of their origins, each once.
    package var positions: [Position]

    package init(positions: [Position] = []) { self.positions = positions.sorted { $0.origin < $1.origin } }

    package subscript(origin: LogOrigin) -> UInt64 { positions.first { $0.origin == origin }?.sequence ?? 0 }
}
