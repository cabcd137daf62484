/// What a part of the original file is for.
package enum ChunkKind: String, Hashable, Sendable, Codable {
    /// Tags, cover and headers before the first audio packet.
    case head
    /// Audio packets, about 10 s of them.
    case audio
    /// What follows the last audio packet.
    case tail
}

/// One contiguous byte range of the original, cut at packet boundaries.
package struct ManifestChunk: Hashable, Sendable, Codable {
    package var kind: ChunkKind
    /// When its first sample is heard, in milliseconds from the song's start; a head has 0, a tail the song's end.
    package var startMs: Int64
    /// The same in samples of the manifest's `sampleRate`, not counting `skipSamples`.
    package var startSample: Int64
    package var samples: Int64
    /// Its place in the original.
    package var offset: Int64
    /// In bytes, 1 to `Manifest.maximumChunkLength`.
    package var length: Int
    package var sha256: ContentHash
    /// CRC-32C of each 64 KiB block of the chunk, the last one shorter: what a Router checks before a listener sees it.
    package var crc32c: [UInt32]

    package init(
        kind: ChunkKind, startMs: Int64, startSample: Int64, samples: Int64, offset: Int64, length: Int,
        sha256: ContentHash, crc32c: [UInt32]
    ) {
        self.kind = kind
        self.startMs = startMs
        self.startSample = startSample
        self.samples = samples
        self.offset = offset
        self.length = length
        self.sha256 = sha256
        self.crc32c = crc32c
    }
}

/// A chunk that is named by a manifest but is no part of the audio: the cover, the packet sizes.
package struct Attachment: Hashable, Sendable, Codable {
    package var sha256: ContentHash
    package var length: Int
    package var contentType: String

    package init(sha256: ContentHash, length: Int, contentType: String) {
        self.sha256 = sha256
        self.length = length
        self.contentType = contentType
    }
}

/// The list of a song's chunks and what players need to know. Stored as a chunk: its JSON with sorted keys is named by
/// its hash.
package struct Manifest: Hashable, Sendable, Codable {
    /// Chunks are cut earlier than after 10 s where they would grow longer than this.
    package static let maximumChunkLength = 4 << 20
    /// The unit of `ManifestChunk.crc32c`.
    package static let blockLength = 64 << 10

    package var version = 1
    package var sha256: ContentHash
    package var bytes: Int64
    /// `mp3`, `flac`, `ogg`, `mp4`, `adts`, `wav`, `aiff`.
    package var container: String
    /// `mp3`, `flac`, `vorbis`, `opus`, `aac`, `alac`, `pcm`.
    package var codec: String
    package var contentType: String
    package var sampleRate: Int
    package var channels: Int
    package var bitsPerSample: Int
    /// Samples of priming at the start that a player does not play.
    package var skipSamples: Int64
    package var totalSamples: Int64
    package var durationMs: Int64
    /// The codec's configuration record (AudioSpecificConfig, STREAMINFO, OpusHead, ALAC cookie, Vorbis headers) in
    /// base64.
    package var codecConfig: String
    package var cover: Attachment?
    /// The packets of the audio chunks, in order: for each its length in bytes and its duration in samples.
    package var packets: Attachment?
    package var chunks: [ManifestChunk]
    /// The manifest of the same song as FLAC, for players that cannot have this original in segments; nil until
    /// somebody has asked for it. Its chunks, cover and packet list belong to this song as well.
    package var rendition: Attachment?

    package init(
        sha256: ContentHash, bytes: Int64, container: String, codec: String, contentType: String, sampleRate: Int,
        channels: Int, bitsPerSample: Int, skipSamples: Int64, totalSamples: Int64, durationMs: Int64,
        codecConfig: String, cover: Attachment?, packets: Attachment?, chunks: [ManifestChunk]
    ) {
        self.sha256 = sha256
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
        self.cover = cover
        self.packets = packets
        self.chunks = chunks
    }

    /// The index of the chunk that contains byte `offset` of the original, which must be inside it.
    package func chunkIndex(containing offset: Int64) -> Int? {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            let chunk = chunks[middle]
            if offset < chunk.offset {
                high = middle
            } else if offset >= chunk.offset + Int64(chunk.length) {
                low = middle + 1
            } else {
                return middle
            }
        }
        return nil
    }

    /// The index of the audio chunk that is playing at `ms`; the first one before the start, the last one after the
    /// end.
    package func chunkIndex(atMs ms: Int64) -> Int? {
        let audio = chunks.indices.filter { chunks[$0].kind == .audio }
        return audio.last { chunks[$0].startMs <= ms } ?? audio.first
    }
}
