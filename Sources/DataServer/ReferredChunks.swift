internal import Model
internal import Platform

extension ChunkStore {
    /// Stores a chunk and for which recordings it is stored; both are on disk when this returns.
    ///
    /// An upload's chunk is kept for a lease's time, until the entry is known that needs it. The lease comes first:
    /// then neither the chunk nor a reference of it is taken away while the other one comes, and both are written at
    /// once. A copy that repair brings has no lease, so that copies of what nobody needs do not keep each other alive;
    /// there the chunk comes first, which protects the reference as well.
    /// - Throws: as `put`; one of the two may be kept without the other.
    func put(
        _ hash: ContentHash, _ bytes: [UInt8], for recordings: [ContentHash], isUpload: Bool,
        in metadata: any MetadataStore
    ) async throws(StoreError) {
        let references = recordings.map { ChunkReference(chunk: hash, recording: $0) }
        guard isUpload else {
            try await put(hash, bytes)
            return try await metadata.refer(references)
        }
        _ = lease([hash])
        async let referred = Self.outcome { () throws(StoreError) in try await metadata.refer(references) }
        let stored = await Self.outcome { () throws(StoreError) in try await put(hash, bytes) }
        let outcome = await referred
        try stored.get()
        try outcome.get()
    }

    private static func outcome(
        _ body: @Sendable () async throws(StoreError) -> Void
    ) async -> Result<Void, StoreError> {
        do throws(StoreError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
