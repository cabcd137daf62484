internal import Catalogue
package import DataServer
internal import HTTP
package import Model
package import Platform

/// Edits and deletes songs, and writes playlists: in this server's database and outbox first, then on enough others.
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
        let changed: SongChange?
        do throws(StoreError) {
            changed = try await metadata.change(id) { known in known.flatMap { next($0, stamp) } }
        } catch {
            throw APIError(error)
        }
        guard let changed else { throw APIError.noSuchSong }
        let replicas = try await spread([changed.record])
        return ChangedSong(try await metadata.entry(id) ?? changed.entry, replicas: replicas)
    }

    package func write(_ contents: [PlaylistContent]) async throws -> Int {
        guard ring.isAlone || !ring.others.isEmpty else { throw APIError.tooFewServers }
        let entries = contents.map { $0.entry(at: catalogue.stamp()) }
        let records: [LogRecord]
        do throws(StoreError) {
            records = try await metadata.write(entries)
        } catch {
            throw APIError(error)
        }
        return try await spread(records)
    }

    /// - Returns: on how many disks the changes are.
    private func spread(_ records: [LogRecord]) async throws -> Int {
        let replicas = await catalogue.spread(records, wanted: min(3, ring.others.count + 1))
        guard replicas >= 2 || ring.isAlone else { throw APIError.tooFewServers }
        return replicas
    }
}
