internal import Catalogue
package import DataServer
internal import HTTP
package import Model
package import Platform

/// Edits and deletes songs: in this server's database and outbox first, then on enough others.
@Loop
package final class CatalogueEdits: SongEdits {
    private let metadata: any MetadataStore
    private let catalogue: CatalogueSync
    private let ring: any StorageRing

    package init(metadata: any MetadataStore, catalogue: CatalogueSync, ring: any StorageRing) {
        self.metadata = metadata
        self.catalogue = catalogue
        self.ring = ring
    }

    package func edit(_ id: SongID, _ tags: SongTags) async throws -> ChangedSong {
        try await change(id) { $0.alive.value ? $0.edited(tags, at: $1) : nil }
    }

    package func delete(_ id: SongID) async throws -> ChangedSong {
        try await change(id) { $0.alive.value ? $0.deleted(at: $1) : $0 }
    }

    private func change(
        _ id: SongID, _ next: @escaping @Sendable (SongEntry, Stamp) -> SongEntry?
    ) async throws -> ChangedSong {
        // A server that is merely cut off does not acknowledge alone, and need not begin.
        guard ring.isAlone || !ring.others.isEmpty else { throw APIError.tooFewServers }
        let stamp = catalogue.stamp()
        let record: LogRecord?
        do throws(StoreError) {
            record = try await metadata.change(id) { known in known.flatMap { next($0, stamp) } }
        } catch {
            throw APIError(error)
        }
        guard let record else { throw APIError.noSuchSong }
        let replicas = await catalogue.spread(record, wanted: min(3, ring.others.count + 1))
        guard replicas >= 2 || ring.isAlone else { throw APIError.tooFewServers }
        return ChangedSong(try await metadata.entry(id) ?? record.entry, replicas: replicas)
    }
}
