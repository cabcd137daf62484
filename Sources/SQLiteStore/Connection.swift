internal import CSQLite
internal import Platform

/// A value that SQLite binds or returns.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
}

/// One connection to a database file. Its store gives it to one job at a time.
@safe
final class Connection: @unchecked Sendable {
    // Safe because SQLite itself serialises calls on a handle (SQLITE_OPEN_FULLMUTEX), and the handle lives as long
    // as this object; the cache is only touched inside the store's lock.
    private var handle: OpaquePointer?
    private var statements: [String: Statement] = [:]

    /// - Throws: `StoreError`: `corrupt` for a file that is no database.
    init(path: String, readOnly: Bool = false) throws(StoreError) {
        var handle: OpaquePointer?
        let mode = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = unsafe sqlite3_open_v2(
            path, &handle, mode | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        unsafe self.handle = handle
        guard unsafe handle != nil else { throw .failed(code, "no memory for a database connection") }
        guard code == SQLITE_OK else {
            let error = failure(code)
            close()
            throw error
        }
        unsafe sqlite3_busy_timeout(handle, 5_000)
    }

    deinit { close() }

    /// Gives the file back; the last connection to it moves the journal's pages into the database. Later calls fail.
    func close() {
        statements.removeAll()
        // Safe because the statements are gone and nobody else has the handle.
        unsafe sqlite3_close_v2(handle)
        unsafe handle = nil
    }

    /// Runs one statement for its effect.
    func execute(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try check(statement.bind(values))
        while try step(statement) {}
    }

    /// The rows of a query, each read by `read`.
    func rows<Value>(
        _ sql: String, _ values: [SQLValue] = [], _ read: (Row) throws(StoreError) -> Value
    ) throws(StoreError) -> [Value] {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try check(statement.bind(values))
        var rows: [Value] = []
        while try step(statement) { rows.append(try read(Row(statement))) }
        return rows
    }

    /// Hands each row of a query to `body`, for queries whose rows are too many to keep.
    func each(_ sql: String, _ body: (Row) throws(StoreError) -> Void) throws(StoreError) {
        let statement = try prepared(sql)
        defer { statement.reset() }
        while try step(statement) { try body(Row(statement)) }
    }

    /// The first row of a query, nil without one.
    func row<Value>(
        _ sql: String, _ values: [SQLValue] = [], _ read: (Row) throws(StoreError) -> Value
    ) throws(StoreError) -> Value? {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try check(statement.bind(values))
        return try step(statement) ? try read(Row(statement)) : nil
    }

    /// Runs several statements without values, each used once: a migration.
    func script(_ sql: String) throws(StoreError) {
        try check(unsafe sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// Runs `body` in one transaction, which is durable when this returns and undone when `body` throws.
    func transaction<Value>(
        readOnly: Bool = false, _ body: (Connection) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try execute(readOnly ? "BEGIN" : "BEGIN IMMEDIATE")
        do {
            let value = try body(self)
            try execute("COMMIT")
            return value
        } catch {
            // SQLite has already rolled back after some errors; then there is nothing left to undo.
            if unsafe sqlite3_get_autocommit(handle) == 0 { try execute("ROLLBACK") }
            throw error
        }
    }

    /// The number of the row that was inserted last.
    var lastNumber: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    private func prepared(_ sql: String) throws(StoreError) -> Statement {
        if let statement = statements[sql] { return statement }
        guard unsafe handle != nil else { throw .failed(SQLITE_MISUSE, "the catalogue is closed") }
        var made: OpaquePointer?
        // Safe because SQLite reads the text during the call only.
        try check(unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil))
        guard let made = unsafe made else { throw .failed(SQLITE_MISUSE, "an empty SQL statement") }
        let statement = unsafe Statement(made)
        statements[sql] = statement
        return statement
    }

    private func step(_ statement: Statement) throws(StoreError) -> Bool {
        let code = statement.step()
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw failure(code) }
        return false
    }

    private func check(_ code: Int32) throws(StoreError) {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> StoreError {
        switch code & 0xff {
        case SQLITE_FULL: return .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt
        default:
            // Safe because SQLite's message is copied before any other call on this handle.
            return .failed(code, "SQLite: \(unsafe String(cString: sqlite3_errmsg(handle)))")
        }
    }
}
