package import Model

/// A file or folder of the person at the terminal.
package struct LocalItem: Hashable, Sendable {
    /// In bytes; 0 for a folder.
    package var length: Int64
    package var isFolder: Bool
    /// Milliseconds since 1970 of the last change.
    package var modifiedMs: Int64

    package init(length: Int64, isFolder: Bool, modifiedMs: Int64) {
        self.length = length
        self.isFolder = isFolder
        self.modifiedMs = modifiedMs
    }
}

/// The files of the person at the terminal, as the client uses them. No method blocks the caller's thread.
///
/// Every method throws `missing` for a path that does not exist, and `failed` with the system's error otherwise.
package protocol LocalFiles: Sendable {
    /// What stands at `path`, links followed.
    func item(at path: String) async throws(StoreError) -> LocalItem

    /// The names in a folder, sorted; hidden ones too.
    func names(in folder: String) async throws(StoreError) -> [String]

    /// Up to `length` bytes from `offset`; fewer at the end of the file.
    func read(_ path: String, offset: Int64, length: Int) async throws(StoreError) -> [UInt8]

    /// Writes at `offset`, making the file where it is missing.
    func write(_ path: String, offset: Int64, _ bytes: [UInt8]) async throws(StoreError)

    /// The SHA-256 of the whole file, read piece by piece.
    func hash(_ path: String) async throws(StoreError) -> ContentHash

    /// Gives a file another name, replacing what had it.
    func rename(_ path: String, to other: String) async throws(StoreError)

    func remove(_ path: String) async throws(StoreError)

    /// Sets the time of the last change to now.
    func touch(_ path: String) async throws(StoreError)

    /// Makes a folder with those above it, for this user alone; one that is there is left as it is.
    func makeFolder(_ path: String) async throws(StoreError)
}
