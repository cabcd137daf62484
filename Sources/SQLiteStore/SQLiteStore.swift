internal import Catalogue
internal import Crypto
package import Model
package import Platform

/// The catalogue in one SQLite file: WAL, synchronous=FULL, one connection that writes and one that reads.
///
/// A call returns when its transaction is on disk. A power cut leaves the database as after some transaction.
package final class SQLiteStore: MetadataStore {
    private let writer: Confined
    private let reader: Confined
    private let index: SearchIndex
    private let life: Locked<LogOrigin>
    private let changes = Locked<UInt64>(0)
    private let batch = Locked(ReferenceBatch())
    /// Where a broken database was moved when this one was opened in its stead: for the log. The catalogue is then
    /// empty, and the peers have it.
    package let putAside: String?

    /// Opens the database at `path`, or makes it. A broken one is moved aside and a new one begun.
    /// - Parameters:
    ///   - server: this server's id, the owner of the changes made here.
    ///   - writing: one thread; a second one would only wait.
    ///   - reading: another one.
    /// - Throws: `failed` for a folder that cannot be written to or a database of a later version, `full`.
    package static func open(
        path: String, server: ServerID, writing: any BlockingRunner, reading: any BlockingRunner
    ) async throws(StoreError) -> SQLiteStore {
        try await writing.run { () throws(StoreError) -> SQLiteStore in
            let opened = try DatabaseFile.openSound(path)
            let origin = try beginLife(opened.connection, path: path, server: server)
            return SQLiteStore(
                writer: Confined(opened.connection, on: writing),
                reader: Confined(try DatabaseFile.openReader(path), on: reading), index: SearchIndex(opened.index),
                origin: origin, putAside: opened.putAside)
        }
    }

    private init(
        writer: Confined, reader: Confined, index: SearchIndex, origin: LogOrigin, putAside: String?
    ) {
        self.writer = writer
        self.reader = reader
        self.index = index
        life = Locked(origin)
        self.putAside = putAside
    }

    /// The log that changes go to: the one of before, or a new one where the file is a copy of the one that had it.
    ///
    /// A restored backup that went on with its old log would reuse sequences that the peers hold for other changes.
    private static func beginLife(
        _ connection: Connection, path: String, server: ServerID
    ) throws(StoreError) -> LogOrigin {
        let birth = DatabaseFile.birth(path)
        if !birth.isEmpty, try connection.meta("birth") == birth, let log = try connection.meta("log") {
            return LogOrigin(server: server, log: ServerID(try wide(log)))
        }
        return try connection.transaction { connection throws(StoreError) in
            try connection.setMeta("birth", birth)
            return try newLife(connection, server: server)
        }
    }

    private static func newLife(_ connection: Connection, server: ServerID) throws(StoreError) -> LogOrigin {
        var generator = SystemKeyGenerator()
        let log = ServerID.random(using: &generator)
        var bytes = EntryWriter()
        bytes.wide(log.value)
        try connection.setMeta("log", bytes.bytes)
        return LogOrigin(server: server, log: log)
    }

    package var origin: LogOrigin { life.withLock { $0 } }

    /// Ends both connections after the calls that wait; later ones fail. A store that is only released loses nothing
    /// either.
    package func close() async {
        await reader.close()
        await writer.close()
    }
}

// MARK: Changes

extension SQLiteStore {
    package func change(
        _ id: SongID, _ next: @escaping @Sendable (SongEntry?) -> SongEntry?
    ) async throws(StoreError) -> SongChange? {
        try await writer.use { [self] connection throws(StoreError) in
            var changes = IndexChanges(index)
            let change = try connection.transaction { connection throws(StoreError) -> SongChange? in
                let before = try connection.song(id)
                guard var entry = next(before?.shownEntry) else { return nil }
                entry.id = before?.entry.id ?? id
                let merged = try connection.merge(entry, noting: &changes)
                let own = try connection.storedOrigin(origin)
                try connection.append(own, sequence: own.sequence + 1, row: merged.number)
                let record = LogRecord(origin: own.origin, sequence: own.sequence + 1, entry: merged.entry)
                return SongChange(record: record, entry: merged.entry)
            }
            index.publish(changes)
            self.changes.withLock { $0 += 1 }
            return change
        }
    }

    package func write(_ entries: [PlaylistEntry]) async throws(StoreError) -> [LogRecord] {
        try await writer.use { [self] connection throws(StoreError) in
            let records = try connection.transaction { connection throws(StoreError) in
                var own = try connection.storedOrigin(origin)
                var records: [LogRecord] = []
                for entry in entries {
                    let merged = try connection.merge(entry)
                    own.sequence += 1
                    try connection.append(own, sequence: own.sequence, row: -merged.number)
                    records.append(
                        LogRecord(origin: own.origin, sequence: own.sequence, change: .playlist(merged.entry)))
                }
                return records
            }
            changes.withLock { $0 += 1 }
            return records
        }
    }

    package func apply(_ records: [LogRecord]) async throws(StoreError) -> VersionVector {
        try await writer.use { [self] connection throws(StoreError) in
            let own = origin
            var changes = IndexChanges(index)
            let (vector, renewed) = try connection.transaction { connection throws(StoreError) in
                var isOlder = false
                for record in records {
                    let origin = try connection.storedOrigin(record.origin)
                    guard origin.sequence < .max, record.sequence == origin.sequence + 1 else { continue }
                    let row: Int64
                    switch record.change {
                    case .song(let entry): row = try connection.merge(entry, noting: &changes).number
                    case .playlist(let entry): row = -(try connection.merge(entry).number)
                    }
                    try connection.append(origin, sequence: record.sequence, row: row)
                    isOlder = isOlder || record.origin == own
                }
                let renewed = isOlder ? try Self.newLife(connection, server: own.server) : nil
                return (try connection.vector(), renewed)
            }
            index.publish(changes)
            self.changes.withLock { $0 += 1 }
            if let renewed { life.withLock { $0 = renewed } }
            return vector
        }
    }

    /// Begins a new log when a peer knows changes of this one that are not here: the database is an older copy of
    /// itself.
    private func renewLife(ifBehind vector: VersionVector) async throws(StoreError) {
        let own = origin
        guard vector[own] > 0 else { return }
        try await writer.use { [self] connection throws(StoreError) in
            guard origin == own, try connection.storedOrigin(own).sequence < vector[own] else { return }
            let renewed = try connection.transaction { connection throws(StoreError) in
                try Self.newLife(connection, server: own.server)
            }
            life.withLock { $0 = renewed }
        }
    }
}

// MARK: Questions

extension SQLiteStore {
    package func vector() async throws(StoreError) -> VersionVector {
        try await reader.read { connection throws(StoreError) in try connection.vector() }
    }

    package func records(after vector: VersionVector, limit: Int) async throws(StoreError) -> [LogRecord] {
        try await renewLife(ifBehind: vector)
        return try await reader.read { connection throws(StoreError) in
            try connection.records(after: vector, limit: limit)
        }
    }

    package func highestStamp() async throws(StoreError) -> Stamp? {
        try await reader.read { connection throws(StoreError) in try connection.highestStamp() }
    }

    package var changeCount: UInt64 { changes.withLock { $0 } }

    package func entry(_ id: SongID) async throws(StoreError) -> SongEntry? {
        try await reader.read { connection throws(StoreError) in try connection.song(id)?.shownEntry }
    }

    package func entries(of ids: [SongID]) async throws(StoreError) -> [SongEntry?] {
        guard !ids.isEmpty else { return [] }
        return try await reader.read { connection throws(StoreError) in
            var entries: [SongEntry?] = []
            for id in ids { entries.append(try connection.song(id)?.shownEntry) }
            return entries
        }
    }

    /// - Throws: `missing` for a cursor that no page of the query's order gave out (`SongQuery.hasValidCursor`).
    package func page(_ query: SongQuery) async throws(StoreError) -> SongPage {
        let request = try PageRequest(query)
        return try await reader.read { [index] connection throws(StoreError) in try request.run(connection, index) }
    }

    package func groups(
        _ kind: SongGroup.Kind, limit: Int, cursor: String?
    ) async throws(StoreError) -> SongGroupPage {
        let place = cursor.map { SongCursor($0, order: .title) }
        if let place, place?.keys.count != 2 { throw .missing }
        return try await reader.read { connection throws(StoreError) in
            try connection.groups(kind, limit: limit, behind: place.flatMap(\.self))
        }
    }

    package func entries(after id: SongID?, limit: Int) async throws(StoreError) -> [SongEntry] {
        try await reader.read { connection throws(StoreError) in
            try connection.rows(
                "SELECT number, shown, body FROM song WHERE alive AND shown > ? ORDER BY shown LIMIT ?",
                [id.map { blob($0.value) } ?? .bytes([]), .integer(Int64(limit))]
            ) { row throws(StoreError) in try StoredSong(row).shownEntry }
        }
    }

    package func playlists() async throws(StoreError) -> [PlaylistSummary] {
        try await reader.read { connection throws(StoreError) in try connection.playlists() }
    }

    package func playlist(_ id: PlaylistID) async throws(StoreError) -> [PlaylistEntry] {
        try await reader.read { connection throws(StoreError) in try connection.playlist(id) }
    }

    package func songCount() async throws(StoreError) -> Int {
        try await reader.read { connection throws(StoreError) in try connection.songCount() }
    }
}

// MARK: References

extension SQLiteStore {
    package func refer(_ references: [ChunkReference]) async throws(StoreError) {
        guard !references.isEmpty else { return }
        let joined = batch.withLock { batch in
            if !batch.add(references) {
                batch = ReferenceBatch()
                _ = batch.add(references)
            }
            return batch
        }
        try await writer.use { connection throws(StoreError) in try joined.write(connection) }
    }

    package func references(of chunks: [ContentHash]) async throws(StoreError) -> [ChunkReference] {
        try await reader.read { connection throws(StoreError) in
            var found: [ChunkReference] = []
            for chunk in chunks { found += try connection.references(of: chunk) }
            return found
        }
    }

    package func needed(_ references: [ChunkReference]) async throws(StoreError) -> [ContentHash: ContentHash] {
        try await reader.read { connection throws(StoreError) in try connection.needed(references) }
    }

    package func chunks(
        after chunk: ContentHash?, limit: Int
    ) async throws(StoreError) -> [(chunk: ContentHash, isNeeded: Bool)] {
        try await reader.read { connection throws(StoreError) in try connection.chunks(after: chunk, limit: limit) }
    }

    package func forget(
        _ chunks: [ContentHash], unless isComing: @escaping @Sendable (ContentHash) -> Bool
    ) async throws(StoreError) {
        try await writer.use { connection throws(StoreError) in
            try connection.transaction { connection throws(StoreError) in
                try connection.forget(chunks.filter { !isComing($0) })
            }
        }
    }
}

/// A connection that one job at a time uses, on its own thread.
private final class Confined: Sendable {
    private let connection: Locked<Connection>
    private let runner: any BlockingRunner

    init(_ connection: Connection, on runner: any BlockingRunner) {
        self.connection = Locked(connection)
        self.runner = runner
    }

    func use<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await runner.run { [self] () throws(StoreError) -> Value in
            try connection.withLock { connection throws(StoreError) in try body(connection) }
        }
    }

    func close() async {
        await runner.run { [self] in connection.withLock { $0.close() } }
    }

    /// Several questions of `body` see one state of the database.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await use { connection throws(StoreError) in try connection.transaction(readOnly: true, body) }
    }
}
