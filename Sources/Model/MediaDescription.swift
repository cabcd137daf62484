/// A piece of the original as `rondo-media` cuts it; the server that uploads adds hashes and checksums.
package struct MediaCut: Hashable, Sendable, Codable {
    package var kind: ChunkKind
    package var startMs: Int64
    package var startSample: Int64
    package var samples: Int64
    package var offset: Int64
    package var length: Int

    package init(kind: ChunkKind, startMs: Int64, startSample: Int64, samples: Int64, offset: Int64, length: Int) {
        self.kind = kind
        self.startMs = startMs
        self.startSample = startSample
        self.samples = samples
        self.offset = offset
        self.length = length
    }
}

/// What `rondo-media` found in a file. Lengths of `cuts` add up to `bytes` exactly, in order and without a gap.
package struct MediaDescription: Hashable, Sendable, Codable {
    package var bytes: Int64
    package var container: String
    package var codec: String
    package var contentType: String
    package var sampleRate: Int
    package var channels: Int
    package var bitsPerSample: Int
    package var skipSamples: Int64
    package var totalSamples: Int64
    package var durationMs: Int64
    package var codecConfig: String
    package var tags: SongTags
    /// Where the cover's bytes lie in the output that follows the JSON, with their type; nil without one.
    package var coverContentType: String?
    package var coverLength: Int
    package var packetsLength: Int
    package var cuts: [MediaCut]

    package init(
        bytes: Int64, container: String, codec: String, contentType: String, sampleRate: Int, channels: Int,
        bitsPerSample: Int, skipSamples: Int64, totalSamples: Int64, durationMs: Int64, codecConfig: String,
        tags: SongTags, coverContentType: String?, coverLength: Int, packetsLength: Int, cuts: [MediaCut]
    ) {
        self.bytes = bytes
        self.container = container
        self.codec = codec
        self.contentType = contentType
        self.sampleRate = sampleRate
        self.channels = channels
        self.bitsPerSample = bitsPerSample
        self.skipSamples = skipSamples
        self.totalSamples = totalSamples
        self.durationMs = durationMs
        self.codecConfig = codecConfig
        self.tags = tags
        self.coverContentType = coverContentType
        self.coverLength = coverLength
        self.packetsLength = packetsLength
        self.cuts = cuts
    }
}

/// The searchable fields that a file carries or an uploader gives. Nil: absent.
package struct SongTags: Hashable, Sendable, Codable {
    package var title: String?
    package var artist: String?
    package var album: String?
    package var genre: String?
    /// 1 to 9999.
    package var year: Int?
    /// 1 and up.
    package var track: Int?

    package init(
        title: String? = nil, artist: String? = nil, album: String? = nil, genre: String? = nil, year: Int? = nil,
        track: Int? = nil
    ) {
        self.title = title
        self.artist = artist
        self.album = album
        self.genre = genre
        self.year = year
        self.track = track
    }
}
