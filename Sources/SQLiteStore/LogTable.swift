internal import Model
internal import Platform

/// An origin's row: how far its changes have been applied.
struct StoredOrigin {
    var number: Int64
    var origin: LogOrigin
    var sequence: UInt64
}

/// The outbox: every change of every origin, by sequence, naming the song or the playlist's register that it wrote.
///
/// A record is given out with what its song is now, later changes included: merging that twice changes nothing, and a
/// song edited a thousand times is kept once.
extension Connection {
    func origins() throws(StoreError) -> [StoredOrigin] {
        try rows("SELECT number, server, log, sequence FROM origin ORDER BY server, log") { row throws(StoreError) in
            StoredOrigin(
                number: row.integer(0),
                origin: LogOrigin(server: ServerID(try wide(row.bytes(1))), log: ServerID(try wide(row.bytes(2)))),
                sequence: UInt64(bitPattern: row.integer(3)))
        }
    }

    func vector() throws(StoreError) -> VersionVector {
        let origins = try origins().filter { $0.sequence > 0 }
        return VersionVector(positions: origins.map { .init(origin: $0.origin, sequence: $0.sequence) })
    }

    /// The row of one origin, made when it is new.
    func storedOrigin(_ origin: LogOrigin) throws(StoreError) -> StoredOrigin {
        let keys = [blob(origin.server.value), blob(origin.log.value)]
        let found = try row("SELECT number, sequence FROM origin WHERE server = ? AND log = ?", keys) { row in
            StoredOrigin(number: row.integer(0), origin: origin, sequence: UInt64(bitPattern: row.integer(1)))
        }
        if let found { return found }
        try execute("INSERT INTO origin (server, log, sequence) VALUES (?, ?, 0)", keys)
        return StoredOrigin(number: lastNumber, origin: origin, sequence: 0)
    }

    /// Notes that the origin's next change wrote the song of this row; a playlist's register has a negative number.
    func append(_ origin: StoredOrigin, sequence: UInt64, row: Int64) throws(StoreError) {
        let sequence = SQLValue.integer(Int64(bitPattern: sequence))
        try execute(
            "INSERT INTO log (origin, sequence, song) VALUES (?, ?, ?)",
            [.integer(origin.number), sequence, .integer(row)])
        try execute("UPDATE origin SET sequence = ? WHERE number = ?", [sequence, .integer(origin.number)])
    }

    func records(after vector: VersionVector, limit: Int) throws(StoreError) -> [LogRecord] {
        var records: [LogRecord] = []
        for origin in try origins() {
            let applied = vector[origin.origin]
            guard records.count < limit else { break }
            guard origin.sequence > applied else { continue }
            records += try rows(
                """
                SELECT song.number, song.shown, song.body, log.sequence, log.song, entry.body
                FROM log LEFT JOIN song ON song.number = log.song
                  LEFT JOIN playlist_entry AS entry ON entry.number = -log.song
                WHERE log.origin = ? AND log.sequence > ? ORDER BY log.sequence LIMIT ?
                """,
                [.integer(origin.number), .integer(Int64(bitPattern: applied)), .integer(Int64(limit - records.count))]
            ) { row throws(StoreError) in
                LogRecord(
                    origin: origin.origin, sequence: UInt64(bitPattern: row.integer(3)),
                    change: row.integer(4) < 0
                        ? .playlist(try playlistEntry(row.bytes(5))) : .song(try StoredSong(row).entry))
            }
        }
        return records
    }
}
