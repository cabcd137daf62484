import Crypto
import Model
import Platform

/// Brings a song, or some of its chunks, to where they are wanted.
@Loop
struct SongDelivery {
    let fetcher: SongFetcher
    let manifest: Manifest
    let id: SongID

    init(fetcher: SongFetcher, manifest: Manifest, id: SongID?) {
        self.fetcher = fetcher
        self.manifest = manifest
        self.id = id ?? SongID(0)
    }

    /// All of the original, checked against its SHA-256 at the end.
    /// - Throws: `wrongBytes` when it is not: every chunk was right, so that the list of them was wrong.
    func whole(to sink: any ByteSink) async throws(ClientError) {
        var digest = SHA256()
        try await fetcher.stream(id, manifest, chunks: 0..<manifest.chunks.count) { bytes throws(ClientError) in
            digest.update(bytes)
            try await sink.write(bytes)
        }
        guard digest.finish() == manifest.sha256 else {
            throw .wrongBytes("the bytes that arrived are not the song's; try again")
        }
        try await sink.finish()
    }

    func part(_ chunks: Range<Int>, to sink: any ByteSink) async throws(ClientError) {
        try await fetcher.stream(id, manifest, chunks: chunks) { bytes throws(ClientError) in
            try await sink.write(bytes)
        }
        try await sink.finish()
    }
}
