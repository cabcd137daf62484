internal import CSQLite
internal import Glibc
internal import Platform

/// The database's file: opening it, and putting a broken one aside.
enum DatabaseFile {
    /// Databases up to this size are checked through at every start, which takes about 0.1 s; longer ones in their
    /// heads alone.
    private static let checkedLength = 32 << 20

    /// A database that was opened.
    struct Opened {
        let connection: Connection
        let index: SongIndex
        /// Where a broken one was moved in whose stead it was begun.
        var putAside: String?
    }

    /// The writing connection, to a new database where the file was broken.
    static func openSound(_ path: String) throws(StoreError) -> Opened {
        do throws(StoreError) {
            return try open(path)
        } catch {
            guard error == .corrupt else { throw error }
            let aside = try putAside(path)
            var opened = try open(path)
            opened.putAside = aside
            return opened
        }
    }

    /// The writing connection to a sound database of the newest schema, and the search index made of it.
    /// - Throws: `corrupt` when the file is no database or a page of it is broken.
    private static func open(_ path: String) throws(StoreError) -> Opened {
        let connection = try Connection(path: path)
        // A page cache of 2 MB: an idle server stays small, and the system caches the file anyway.
        for pragma in [
            "journal_mode = WAL", "synchronous = FULL", "cache_size = -2000", "journal_size_limit = 16777216",
            "trusted_schema = OFF",
        ] {
            try connection.execute("PRAGMA \(pragma)")
        }
        try Schema.migrate(connection)
        if length(path) <= checkedLength {
            let verdict = try connection.row("PRAGMA quick_check(1)") { $0.text(0) }
            guard verdict == "ok" else { throw .corrupt }
        }
        return Opened(connection: connection, index: try SongIndex(connection))
    }

    /// The connection that reads beside the writer.
    static func openReader(_ path: String) throws(StoreError) -> Connection {
        let connection = try Connection(path: path, readOnly: true)
        try connection.execute("PRAGMA cache_size = -2000")
        return connection
    }

    /// Moves a broken database out of the way, with its journal, to the first free name.
    /// - Returns: where it is now.
    private static func putAside(_ path: String) throws(StoreError) -> String {
        var number = 1
        // Safe because the system reads these paths during the calls only.
        while unsafe access("\(path).corrupt-\(number)", F_OK) == 0 { number += 1 }
        let aside = "\(path).corrupt-\(number)"
        for suffix in ["-wal", "-shm", ""] {
            guard unsafe rename(path + suffix, aside + suffix) == 0 || errno == ENOENT else {
                throw .failed(errno, "cannot move the broken catalogue \(path + suffix) aside")
            }
        }
        return aside
    }

    /// What tells this file from a copy of it: its number and the time of its birth.
    static func birth(_ path: String) -> [UInt8] {
        var number: UInt64 = 0
        var birth: Int64 = 0
        // Safe because both numbers outlive the call. Without an answer every start counts as a new life.
        guard unsafe rondo_file_birth(path, &number, &birth) == 0 else { return [] }
        return Array("\(number)/\(birth)".utf8)
    }

    private static func length(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
