package import Model
package import Platform

/// A manifest and the very bytes of its chunk, which listeners get as they are.
package struct StoredManifest: Sendable {
    package let manifest: Manifest
    /// The JSON that the entry's `manifest` hash names.
    package let bytes: [UInt8]

    package init(manifest: Manifest, bytes: [UInt8]) {
        self.manifest = manifest
        self.bytes = bytes
    }
}

/// A live server that holds a song, as `/providers` lists it.
package struct SongHolder: Hashable, Sendable {
    package let id: ServerID
    /// Where its HTTP listens inside the network.
    package let http: Endpoint

    package init(id: ServerID, http: Endpoint) {
        self.id = id
        self.http = http
    }
}

/// Takes verified bytes of an original, in order.
package struct SongSink: Sendable {
    private let taking: @Loop @Sendable (StreamPiece) async throws -> Void
    private let waiting: @Loop @Sendable () async throws -> Void

    /// - Parameter room: returns when the listener would take more at once.
    package init(
        room: @escaping @Loop @Sendable () async throws -> Void = {},
        _ take: @escaping @Loop @Sendable (StreamPiece) async throws -> Void
    ) {
        waiting = room
        taking = take
    }

    /// Returns when the listener has the piece, throws when nobody wants it.
    @Loop package func take(_ piece: StreamPiece) async throws { try await taking(piece) }

    /// Returns when there is room for more; a listener who plays music as it comes has none for most of the time.
    @Loop package func waitForRoom() async throws { try await waiting() }
}

/// Where the API gets music from: this server's disk and its peers', verified, with another replica at the same byte.
///
/// Every method may fail with `APIError.chunkUnavailable` when no holder answers in time; the API passes it on.
@Loop
package protocol SongSource: AnyObject, Sendable {
    func manifest(of entry: SongEntry) async throws -> StoredManifest

    /// Streams the bytes `from ..< to` of the original to `sink` in pieces, each verified before: of at
    /// most 256 KiB, or up to a whole chunk that lies in the system's memory.
    ///
    /// - Parameter to: at most `manifest.bytes`; equal to `from` is an empty read.
    /// - Throws: `APIError`, or what `sink` throws; bytes handed over before were right.
    func read(_ manifest: Manifest, from: Int64, to: Int64, into sink: SongSink) async throws

    /// The whole of a cover or another attachment, verified.
    func attachment(_ attachment: Attachment) async throws -> [UInt8]

    /// The live servers that hold every chunk of the song, this one included, in random order.
    func holders(of entry: SongEntry) async -> [SongHolder]

    /// Whether a song can be played now, by what this server knows without asking anybody.
    func isAvailable(_ song: SongID) -> Bool
}
