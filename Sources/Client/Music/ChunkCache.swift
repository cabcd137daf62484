import Crypto
import HTTP
package import Model
package import Platform

/// Chunks and manifests that were fetched before, on this machine's disk, the least recently used leaving first.
///
/// A chunk's file is named by its SHA-256 and verified whenever it is read, so that the cache can be shared by any
/// number of clients and a damaged file costs a request, never a wrong note. Trouble with the disk makes it forget, not
/// fail.
@Loop
package final class ChunkCache {
    nonisolated package static let standardLimit: Int64 = 256 << 20

    private struct Entry {
        var length: Int64
        /// Grows with each use.
        var lastUse: Int64
    }

    private let files: any LocalFiles
    private let folder: String
    private let limit: Int64
    private var entries: [String: Entry]?
    private var bytes: Int64 = 0
    private var uses: Int64 = 0

    /// - Parameters:
    ///   - folder: made when the first chunk is kept.
    ///   - limit: in bytes; 0 keeps nothing.
    package init(files: any LocalFiles, folder: String, limit: Int64 = ChunkCache.standardLimit) {
        self.files = files
        self.folder = folder
        self.limit = limit
    }

    /// The chunk's bytes, verified, or nil where they are not held.
    package func chunk(_ hash: ContentHash, length: Int) async -> [UInt8]? {
        let path = self.path(hash.description)
        guard limit > 0, let bytes = try? await files.read(path, offset: 0, length: length + 1) else { return nil }
        guard bytes.count == length, SHA256.hash(bytes) == hash else {
            await remove(hash.description)
            return nil
        }
        await noteUse(of: hash.description)
        return bytes
    }

    /// Keeps a verified chunk, and lets go of others where there is no room.
    package func keep(_ hash: ContentHash, _ bytes: [UInt8]) async {
        await keep(named: hash.description, bytes)
    }

    /// The manifest that was last seen for a song; what it says is checked by the hashes in it.
    func manifest(of song: SongID) async -> Manifest? {
        guard limit > 0, let item = try? await files.item(at: path("\(song)")),
            let bytes = try? await files.read(path("\(song)"), offset: 0, length: Int(item.length))
        else { return nil }
        await noteUse(of: "\(song)")
        return try? JSONText.decode(Manifest.self, from: bytes)
    }

    func keep(_ manifest: [UInt8], of song: SongID) async { await keep(named: "\(song)", manifest) }

    private func keep(named name: String, _ content: [UInt8]) async {
        guard Int64(content.count) <= limit else { return }
        await load()
        let temporary = path("\(name).\(uses)-\(world)")
        uses += 1
        do throws(StoreError) {
            try await files.write(temporary, offset: 0, content)
            try await files.rename(temporary, to: path(name))
        } catch {
            try? await files.remove(temporary)
            return
        }
        bytes += Int64(content.count) - (entries?[name]?.length ?? 0)
        entries?[name] = Entry(length: Int64(content.count), lastUse: uses)
        await evict()
    }

    private func evict() async {
        while bytes > limit, let oldest = entries?.min(by: { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) })
        {
            await remove(oldest.key)
        }
    }

    private func remove(_ name: String) async {
        bytes -= entries?.removeValue(forKey: name)?.length ?? 0
        // A file that cannot be removed is another client's business, or the next start's.
        try? await files.remove(path(name))
    }

    private func noteUse(of name: String) async {
        uses += 1
        entries?[name]?.lastUse = uses
        // The time of the last change carries the order of use over to the next start.
        try? await files.touch(path(name))
    }

    /// Reads the folder once: what is there, in the order of its last use.
    private func load() async {
        guard entries == nil else { return }
        entries = [:]
        try? await files.makeFolder(folder)
        var found: [(name: String, item: LocalItem)] = []
        for name in (try? await files.names(in: folder)) ?? [] {
            if let item = try? await files.item(at: path(name)), !item.isFolder { found.append((name, item)) }
        }
        for (name, item) in found.sorted(by: { ($0.item.modifiedMs, $0.name) < ($1.item.modifiedMs, $1.name) }) {
            uses += 1
            entries?[name] = Entry(length: item.length, lastUse: uses)
            bytes += item.length
        }
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Tells temporary names of several clients apart.
    private let world = String(UInt32.random(in: 0 ... .max), radix: 16)
}
