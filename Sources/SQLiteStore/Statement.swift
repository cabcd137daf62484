internal import CSQLite

/// A prepared statement of one connection.
@safe
final class Statement {
    // Safe because this object is the statement's only owner.
    fileprivate let handle: OpaquePointer

    @unsafe init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe sqlite3_finalize(handle) }

    /// Binds all values in order and says whether SQLite took them.
    func bind(_ values: [SQLValue]) -> Int32 {
        for (index, value) in values.enumerated() {
            let code = bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { return code }
        }
        return SQLITE_OK
    }

    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        switch value {
        case .null: return unsafe sqlite3_bind_null(handle, index)
        case .integer(let number): return unsafe sqlite3_bind_int64(handle, index, number)
        case .text(let text): return unsafe rondo_bind_text(handle, index, text, Int32(text.utf8.count))
        case .bytes(let bytes):
            // Safe because SQLite copies the bytes before it returns.
            return unsafe bytes.withUnsafeBytes {
                unsafe rondo_bind_blob(handle, index, $0.baseAddress, Int32($0.count))
            }
        }
    }

    func step() -> Int32 { unsafe sqlite3_step(handle) }

    /// Makes the statement ready for its next use; until then it would hold its snapshot of the database.
    func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
    }
}

/// The row at which a statement stands: valid until its next step.
struct Row {
    private let statement: Statement

    init(_ statement: Statement) { self.statement = statement }

    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement.handle, column) }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// Whether a text or a blob has just these bytes.
    func equals(_ column: Int32, _ bytes: [UInt8]) -> Bool {
        // Safe because the bytes are compared before the statement steps on; the length is asked for after the pointer.
        guard let start = unsafe sqlite3_column_blob(statement.handle, column) else { return bytes.isEmpty }
        let count = Int(unsafe sqlite3_column_bytes(statement.handle, column))
        return unsafe UnsafeRawBufferPointer(start: start, count: count).elementsEqual(bytes)
    }

    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(statement.handle, column) == SQLITE_NULL }

    /// A blob's bytes, or a text's.
    func bytes(_ column: Int32) -> [UInt8] {
        // Safe because the bytes are copied before the statement steps on; the length is asked for after the pointer.
        guard let start = unsafe sqlite3_column_blob(statement.handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(statement.handle, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
