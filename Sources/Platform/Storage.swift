package import Model

/// What can go wrong with a disk.
package enum StoreError: Error, Hashable, Sendable {
    /// No space, no quota, or over the server's `--capacity`.
    case full
    /// There is no such chunk, song or file.
    case missing
    /// The bytes are not what their hash says; the copy has been put into quarantine.
    case corrupt
    /// The system refused, with its error number; the effect is unknown.
    case failed(Int32, String)
}

/// Chunks by their hashes, each an immutable file. Every method may be called from anywhere; none blocks the caller's
/// thread.
package protocol ChunkStore: Sendable {
    /// Stores a chunk so that it survives a power cut, and checks that the bytes hash to `hash`. Known chunks cost
    /// nothing.
    /// - Throws: `corrupt` for other bytes, `full`, `failed`; then nothing was stored.
    func put(_ hash: ContentHash, _ bytes: [UInt8]) async throws(StoreError)

    /// Up to `length` bytes from `offset`; fewer at the chunk's end, none beyond it. The bytes are not verified here.
    func read(_ hash: ContentHash, offset: Int, length: Int) async throws(StoreError) -> [UInt8]

    /// The same bytes at once where the system has them in memory; nil where a disk would have to be waited for, or
    /// anything else is not as it should be, so that `read` is to say what.
    func readCached(_ hash: ContentHash, offset: Int, length: Int) -> [UInt8]?

    /// Bytes in memory of the system's, for streams that send them again and again; nil where it has none left.
    func hold(_ bytes: [UInt8]) -> (any HeldBytes)?

    /// The length of a chunk that is held, nil for one that is not; from memory, without touching the disk.
    func length(of hash: ContentHash) -> Int?

    /// All chunks that are held, in the order of their hashes, from memory.
    func inventory() -> [ContentHash]

    /// Reads the whole chunk and compares it with its name; a bad copy goes into quarantine and counts as missing.
    func verify(_ hash: ContentHash) async throws(StoreError)

    /// Takes a lease on each of the chunks, those about to be put among them: they are not removed for a while.
    /// - Returns: for each whether it is held.
    func lease(_ hashes: [ContentHash]) -> [Bool]

    /// Whether a lease is on the chunk; true for all of them until the leases of the process before have run out.
    func isLeased(_ hash: ContentHash) -> Bool

    /// Removes a chunk, unless a lease is on it; the two are told apart under the lock of `put`. It stays away after a
    /// power cut.
    /// - Returns: whether it was removed; false too where it is not held.
    /// - Throws: `failed`; then it may have been removed or not.
    func remove(_ hash: ContentHash) async throws(StoreError) -> Bool

    /// The number of chunks held, and their bytes.
    var usage: (chunks: Int, bytes: Int64) { get }
}

/// That a chunk was stored for a recording, named by the SHA-256 of its original: audio, manifest, cover, packet list.
///
/// Recordings may share chunks. A chunk is needed as long as any of its recordings is alive in a catalogue.
package struct ChunkReference: Hashable, Sendable, Codable {
    package var chunk: ContentHash
    package var recording: ContentHash

    package init(chunk: ContentHash, recording: ContentHash) {
        self.chunk = chunk
        self.recording = recording
    }
}

/// A song after a change made here, and the record of it for the other servers.
package struct SongChange: Hashable, Sendable {
    package var record: LogRecord
    package var entry: SongEntry

    package init(record: LogRecord, entry: SongEntry) {
        self.record = record
        self.entry = entry
    }
}

/// The catalogue's database: songs, playlists, the outbox and the version vector. Every call is one transaction,
/// durable when it returns.
package protocol MetadataStore: Sendable {
    /// This database's life, the origin of the records made here.
    var origin: LogOrigin { get }

    /// Merges a change made on this server into the catalogue, and appends it to the outbox.
    /// `next` gets the entry that stands under the id now, and returns what it shall become, or nil to change nothing.
    func change(_ id: SongID, _ next: @escaping @Sendable (SongEntry?) -> SongEntry?) async throws(StoreError)
        -> SongChange?

    /// Merges registers of playlists that were written on this server, and appends one record for each to the outbox,
    /// all in one transaction.
    func write(_ entries: [PlaylistEntry]) async throws(StoreError) -> [LogRecord]

    /// Applies records of other servers exactly once each; a record that does not follow its origin's last one is left
    /// out.
    /// - Returns: the vector afterwards, which tells the sender what is still missing.
    func apply(_ records: [LogRecord]) async throws(StoreError) -> VersionVector

    func vector() async throws(StoreError) -> VersionVector

    /// The records that `vector` lacks, in the order of origin and sequence.
    func records(after vector: VersionVector, limit: Int) async throws(StoreError) -> [LogRecord]

    /// The highest stamp in the catalogue, from which this server's clock goes on.
    func highestStamp() async throws(StoreError) -> Stamp?

    /// How often the catalogue has changed since it was opened: what was read at a count is what would be read now as
    /// long as the count is the same.
    var changeCount: UInt64 { get }

    func entry(_ id: SongID) async throws(StoreError) -> SongEntry?
    /// The songs of these ids, in their order, nil for one that never was.
    func entries(of ids: [SongID]) async throws(StoreError) -> [SongEntry?]
    func page(_ query: SongQuery) async throws(StoreError) -> SongPage
    /// Up to `limit` artists, albums or genres, 500 at most, from the `next` of the page before on.
    /// - Throws: `missing` for a cursor that no page gave out.
    func groups(_ kind: SongGroup.Kind, limit: Int, cursor: String?) async throws(StoreError) -> SongGroupPage

    /// The playlists that are not deleted, in the order of their ids.
    func playlists() async throws(StoreError) -> [PlaylistSummary]
    /// All registers of a playlist, those of what was taken out of it among them; none for one that never was.
    func playlist(_ id: PlaylistID) async throws(StoreError) -> [PlaylistEntry]

    /// Alive songs in the order of ids after `id`, for repair and audit.
    func entries(after id: SongID?, limit: Int) async throws(StoreError) -> [SongEntry]

    /// Alive songs.
    func songCount() async throws(StoreError) -> Int

    /// Keeps references; durable when it returns, and cheap for those that are known.
    func refer(_ references: [ChunkReference]) async throws(StoreError)

    /// All that are known of these chunks, in order.
    func references(of chunks: [ContentHash]) async throws(StoreError) -> [ChunkReference]

    /// Which of these chunks a song that is alive needs, by the references given and by those known here: a recording
    /// that is alive for each.
    func needed(_ references: [ChunkReference]) async throws(StoreError) -> [ContentHash: ContentHash]

    /// The next chunks after `chunk` of which references are known, and whether a song that is alive needs them.
    func chunks(after chunk: ContentHash?, limit: Int) async throws(StoreError) -> [(
        chunk: ContentHash, isNeeded: Bool
    )]

    /// Forgets the references of chunks that are gone from this server's disk, but for those of which `isComing` says,
    /// asked in the same turn, that they may be on their way back.
    func forget(_ chunks: [ContentHash], unless isComing: @escaping @Sendable (ContentHash) -> Bool)
        async throws(StoreError)
}

/// A temporary file of an upload; gone when it is closed or the process ends.
package protocol SpoolFile: Sendable {
    /// Appends, and feeds the file's SHA-256.
    func append(_ bytes: [UInt8]) async throws(StoreError)
    var length: Int64 { get async }
    /// The SHA-256 of all that was appended; afterwards nothing can be.
    func finish() async throws(StoreError) -> ContentHash
    func read(offset: Int64, length: Int) async throws(StoreError) -> [UInt8]
    func close() async
}

/// What a file's parser answers.
package enum MediaResult: Sendable {
    /// The description, and the bytes of cover and packet list (each empty when there is none).
    case song(MediaDescription, cover: [UInt8], packets: [UInt8])
    /// Not audio, truncated, or not a format that Rondo takes (the spec, §5): the code and message of the API's error.
    case refused(code: String, message: String)
    /// The parser crashed, ran out of its limits or of time.
    case failed(String)
}

/// Why a media program did not do what it was to do.
package struct MediaFailure: Error, Hashable, Sendable {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

/// The files of one server besides its chunks and its database.
package protocol Files: Sendable {
    func openSpool() async throws(StoreError) -> any SpoolFile
    /// Runs the parser on a finished spool file in a process of its own, with limits on time and memory.
    func describe(_ spool: any SpoolFile, fileName: String, deadline: MonotonicTime) async -> MediaResult
    /// Writes a finished spool file's song into another one as FLAC, in a process of its own as well.
    /// - Parameter limit: bytes that the FLAC file may have.
    /// - Returns: nil, or why there is none.
    func render(
        _ spool: any SpoolFile, into target: any SpoolFile, limit: Int64, deadline: MonotonicTime
    ) async -> String?
    /// Tells how loud a finished spool file's song is, in a process of its own; nil for silence.
    func loudness(_ spool: any SpoolFile, deadline: MonotonicTime) async throws(MediaFailure) -> Loudness?
    /// A small state file, whole or the one before: temporary file, fsync, rename, fsync of the directory.
    func saveState(_ name: String, _ bytes: [UInt8]) async throws(StoreError)
    /// Nil when there is none.
    func loadState(_ name: String) async throws(StoreError) -> [UInt8]?
}
