internal import Model
internal import Platform

/// Why chunks are kept: the recordings they were stored for.
extension Connection {
    func refer(_ references: [ChunkReference]) throws(StoreError) {
        for reference in references {
            try execute(
                "INSERT OR IGNORE INTO reference (chunk, recording) VALUES (?, ?)",
                [.bytes(reference.chunk.bytes), .bytes(reference.recording.bytes)])
        }
    }

    func references(of chunk: ContentHash) throws(StoreError) -> [ChunkReference] {
        try rows("SELECT recording FROM reference WHERE chunk = ? ORDER BY recording", [.bytes(chunk.bytes)]) {
            row throws(StoreError) in ChunkReference(chunk: chunk, recording: try hash(row.bytes(0)))
        }
    }

    func needed(_ references: [ChunkReference]) throws(StoreError) -> [ContentHash: ContentHash] {
        var needed: [ContentHash: ContentHash] = [:]
        for reference in references where needed[reference.chunk] == nil {
            if try isAlive(reference.recording) { needed[reference.chunk] = reference.recording }
        }
        for chunk in Set(references.map(\.chunk)) where needed[chunk] == nil {
            for known in try self.references(of: chunk) where needed[chunk] == nil {
                if try isAlive(known.recording) { needed[chunk] = known.recording }
            }
        }
        return needed
    }

    func chunks(after chunk: ContentHash?, limit: Int) throws(StoreError) -> [(chunk: ContentHash, isNeeded: Bool)] {
        try rows(
            """
            SELECT chunk, max(EXISTS (SELECT 1 FROM song WHERE song.sha256 = reference.recording AND song.alive))
            FROM reference WHERE chunk > ? GROUP BY chunk ORDER BY chunk LIMIT ?
            """, [.bytes(chunk?.bytes ?? []), .integer(Int64(limit))]
        ) { row throws(StoreError) in (try hash(row.bytes(0)), row.integer(1) != 0) }
    }

    func forget(_ chunks: [ContentHash]) throws(StoreError) {
        for chunk in chunks { try execute("DELETE FROM reference WHERE chunk = ?", [.bytes(chunk.bytes)]) }
    }

    private func isAlive(_ recording: ContentHash) throws(StoreError) -> Bool {
        try row("SELECT 1 FROM song WHERE sha256 = ? AND alive LIMIT 1", [.bytes(recording.bytes)]) { _ in true }
            ?? false
    }

    private func hash(_ bytes: [UInt8]) throws(StoreError) -> ContentHash {
        guard let hash = ContentHash(bytes: bytes) else { throw .corrupt }
        return hash
    }
}

/// References that wait for the writer: all that have come meanwhile go in one transaction, and each caller returns
/// when its own is on disk.
final class ReferenceBatch: Sendable {
    private struct State {
        var references: [ChunkReference] = []
        var outcome: Result<Void, StoreError>?
    }

    private let state = Locked(State())

    /// - Returns: false when the batch has been written, and takes no more.
    func add(_ references: [ChunkReference]) -> Bool {
        state.withLock { state in
            guard state.outcome == nil else { return false }
            state.references += references
            return true
        }
    }

    /// Writes what is in it, once; later callers get the same outcome.
    func write(_ connection: Connection) throws(StoreError) {
        // Until it has been written nobody else can ask for it: all calls are on the writer's one thread.
        if let outcome = state.withLock({ $0.outcome }) { return try outcome.get() }
        let references = state.withLock { state in
            // From here on it takes no more.
            state.outcome = .failure(.failed(0, "not written yet"))
            return state.references
        }
        var outcome = Result<Void, StoreError>.success(())
        do throws(StoreError) {
            try connection.transaction { connection throws(StoreError) in try connection.refer(references) }
        } catch {
            outcome = .failure(error)
        }
        let written = outcome
        state.withLock { $0.outcome = written }
        try written.get()
    }
}
