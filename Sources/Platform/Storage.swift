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

    /// The length of a chunk that is held, nil for one that is not; from memory, without touching the disk.
    func length(of hash: ContentHash) -> Int?

    /// All chunks that are held, in the order of their hashes, from memory.
    func inventory() -> [ContentHash]

    /// Reads the whole chunk and compares it with its name; a bad copy goes into quarantine and counts as missing.
    func verify(_ hash: ContentHash) async throws(StoreError)

    /// The number of chunks held, and their bytes.
    var usage: (chunks: Int, bytes: Int64) { get }
}

/// The catalogue's database: songs, the outbox and the version vector. Every call is one transaction, durable when it
/// returns.
package protocol MetadataStore: Sendable {
    /// This database's life, the origin of the records made here.
    var origin: LogOrigin { get }

    /// Merges a change made on this server into the catalogue, appends it to the outbox, and returns its record.
    /// `next` gets the entry that stands under the id now, and returns what it shall become, or nil to change nothing.
    func change(_ id: SongID, _ next: @escaping @Sendable (SongEntry?) -> SongEntry?) async throws(StoreError)
        -> LogRecord?

    /// Applies records of other servers exactly once each; a record that does not follow its origin's last one is left
    /// out.
    /// - Returns: the vector afterwards, which tells the sender what is still missing.
    func apply(_ records: [LogRecord]) async throws(StoreError) -> VersionVector

    func vector() async throws(StoreError) -> VersionVector

    /// The records that `vector` lacks, in the order of origin and sequence.
    func records(after vector: VersionVector, limit: Int) async throws(StoreError) -> [LogRecord]

    /// The highest stamp in the catalogue, from which this server's clock goes on.
    func highestStamp() async throws(StoreError) -> Stamp?

    func entry(_ id: SongID) async throws(StoreError) -> SongEntry?
    func page(_ query: SongQuery) async throws(StoreError) -> SongPage
    /// Up to `limit` artists, albums or genres, 500 at most, from the `next` of the page before on.
    /// - Throws: `missing` for a cursor that no page gave out.
    func groups(_ kind: SongGroup.Kind, limit: Int, cursor: String?) async throws(StoreError) -> SongGroupPage

    /// Alive songs in the order of ids after `id`, for repair and audit.
    func entries(after id: SongID?, limit: Int) async throws(StoreError) -> [SongEntry]

    /// Alive songs.
    func songCount() async throws(StoreError) -> Int
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

/// The files of one server besides its chunks and its database.
package protocol Files: Sendable {
    func openSpool() async throws(StoreError) -> any SpoolFile
    /// Runs the parser on a finished spool file in a process of its own, with limits on time and memory.
    func describe(_ spool: any SpoolFile, fileName: String, deadline: MonotonicTime) async -> MediaResult
    /// A small state file, whole or the one before: temporary file, fsync, rename, fsync of the directory.
    func saveState(_ name: String, _ bytes: [UInt8]) async throws(StoreError)
    /// Nil when there is none.
    func loadState(_ name: String) async throws(StoreError) -> [UInt8]?
}
