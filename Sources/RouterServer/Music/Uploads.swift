internal import Catalogue
internal import Crypto
package import DataServer
internal import HTTP
internal import Model
package import Platform
internal import Wire

/// Takes songs in: spool, parse, cut, replicate, enter into the catalogue; acknowledged when all of it is on enough
/// disks.
@Loop
package final class Uploads: SongUploads {
    /// Everything an upload works with.
    @Loop
    struct Tools {
        let files: any Files
        let work: any BlockingRunner
        let metadata: any MetadataStore
        let writer: ChunkWriter
        let client: ChunkClient
        let held: any ChunkStore
        let catalogue: CatalogueSync
        let reader: SongReader
        let ring: any StorageRing
        let clock: any Clock
        let log: Logger
    }

    /// Uploads at a time: each holds two chunks in memory at most.
    private static let maximumUploads = 8

    let tools: Tools
    private var open = 0
    var isBusy: Bool { open > 0 }
    /// Called with each song that was taken in.
    var stored: @Loop (SongEntry) -> Void = { _ in }

    package init(
        world: World, writer: ChunkWriter, client: ChunkClient, catalogue: CatalogueSync, reader: SongReader,
        ring: any StorageRing
    ) {
        tools = Tools(
            files: world.files, work: world.work, metadata: world.metadata, writer: writer, client: client,
            held: world.chunks, catalogue: catalogue, reader: reader, ring: ring, clock: world.clock, log: world.log)
    }

    package func begin() async throws -> any SongUpload {
        guard open < Self.maximumUploads else {
            throw APIError(503, "too_many_uploads", "Too many uploads are under way; try again.", retryAfter: 2)
        }
        guard tools.ring.isAlone || !tools.ring.others.isEmpty else { throw APIError.tooFewServers }
        open += 1
        do {
            return Upload(
                tools: tools, spool: try await tools.files.openSpool(), stored: { [weak self] in self?.stored($0) },
                ended: { [weak self] in self?.open -= 1 })
        } catch {
            open -= 1
            throw APIError(error)
        }
    }
}

extension APIError {
    static let tooFewServers = APIError(
        503, "too_few_servers", "Too few servers can be reached to keep a song safely; try again.", retryAfter: 2)

    init(_ error: StoreError) {
        switch error {
        case .full: self.init(507, "disk_full", "There is no space left for this song; free some or add a server.")
        default: self.init(500, "storage_failed", "This server's disk failed: \(error).")
        }
    }
}

/// One upload.
@Loop
private final class Upload: SongUpload {
    private let tools: Uploads.Tools
    private let spool: any SpoolFile
    private let stored: @Loop (SongEntry) -> Void
    private let ended: @Loop () -> Void
    private var hasEnded = false

    /// How long the parser may take.
    private static let parserDeadline = Duration.seconds(60)

    init(
        tools: Uploads.Tools, spool: any SpoolFile, stored: @escaping @Loop (SongEntry) -> Void,
        ended: @escaping @Loop () -> Void
    ) {
        self.tools = tools
        self.spool = spool
        self.stored = stored
        self.ended = ended
    }

    func append(_ bytes: ArraySlice<UInt8>) async throws {
        do { try await spool.append(Array(bytes)) } catch { throw APIError(error) }
    }

    func abort() async { await end() }

    func finish(fileName: String, overriding tags: SongTags) async -> UploadOutcome {
        let outcome: UploadOutcome
        do {
            outcome = try await take(fileName: fileName, tags)
        } catch let error as APIError {
            outcome = .refused(error)
        } catch let error as StoreError {
            outcome = .refused(APIError(error))
        } catch {
            outcome = .refused(APIError(500, "internal", "The upload failed: \(error)."))
        }
        await end()
        return outcome
    }

    private func end() async {
        guard !hasEnded else { return }
        hasEnded = true
        ended()
        await spool.close()
    }

    private func take(fileName: String, _ tags: SongTags) async throws -> UploadOutcome {
        let sha256 = try await spool.finish()
        let (description, cover, packets) = try await parse(fileName)
        let names = SongNames(tags.completed(by: description.tags), fileName: fileName)
        let known = try await standing(names.id, sha256)
        if let known, known.alive.value {
            guard known.content.value.sha256 == sha256 else { return .collision(with: known) }
            let copies = await copies(of: known)
            if copies >= min(tools.ring.replicas, tools.ring.others.count + 1) {
                return try await enter(names, known.content.value, copies: copies)
            }
        }
        let storing = SongStoring(tools: tools, spool: spool, recording: sha256)
        let content = try await storing.store(description, sha256: sha256, cover: cover, packets: packets)
        return try await enter(names, content, copies: storing.copies)
    }

    private func parse(_ fileName: String) async throws -> (MediaDescription, cover: [UInt8], packets: [UInt8]) {
        switch await tools.files.describe(spool, fileName: fileName, deadline: tools.clock.now + Self.parserDeadline) {
        case .song(let description, let cover, let packets): return (description, cover, packets)
        case .refused(let code, let message):
            let status = ["not_audio": 415, "unsupported_format": 415, "empty": 400][code] ?? 422
            throw APIError(status, code, message)
        case .failed(let reason):
            tools.log.warning("the media parser failed", ["reason": reason])
            throw APIError(422, "unreadable", "This file could not be read as music.")
        }
    }

    /// On how many servers every chunk of a known song is, at least; they keep it until this upload is over.
    private func copies(of entry: SongEntry) async -> Int {
        guard let manifest = try? await tools.reader.manifest(of: entry).manifest else { return 0 }
        var hashes = manifest.chunks.map(\.sha256) + [entry.content.value.manifest]
        hashes += [manifest.cover, manifest.packets].compactMap { $0?.sha256 }
        let wanted = hashes
        let (client, deadline) = (tools.client, tools.clock.now + .seconds(1))
        let answers = await Gather.all(tools.ring.others) { server in
            (try? await client.have(wanted, keeping: true, at: server, deadline: deadline)) ?? wanted.map { _ in false }
        }
        let here = tools.held.lease(wanted)
        return wanted.indices.map { index in answers.count { $0[index] } + (here[index] ? 1 : 0) }.min() ?? 0
    }

    /// Writes the entry, here and on enough other servers; a song that was there already gets a fresh sign of life.
    private func enter(_ names: SongNames, _ content: SongContent, copies: Int) async throws -> UploadOutcome {
        let stamp = tools.catalogue.stamp()
        let fresh = SongEntry(names, content: content, addedAtMs: tools.clock.wallMs, at: stamp)
        var wasThere = false
        let before = try await standing(names.id, content.sha256)
        if let before, before.alive.value {
            guard before.content.value.sha256 == content.sha256 else { return .collision(with: before) }
            wasThere = true
        }
        let change = try await tools.metadata.change(before?.id ?? names.id) { known in
            guard let known else { return fresh }
            let isOther = known.alive.value && known.content.value.sha256 != content.sha256
            return isOther ? nil : known.uploadedAgain(fresh, at: stamp)
        }
        guard let change else {
            // Another upload of the same names was faster, between the look and the change.
            guard let winner = try await tools.metadata.entry(names.id) else { throw APIError.tooFewServers }
            return .collision(with: winner)
        }
        let wanted = min(3, tools.ring.others.count + 1)
        let entries = await tools.catalogue.spread([change.record], wanted: wanted)
        let replicas = min(copies, entries)
        guard replicas >= 2 || tools.ring.isAlone else { throw APIError.tooFewServers }
        // Meanwhile another file of the same names may have come, from another Router, and taken the id.
        let entry = try await standing(names.id, content.sha256) ?? change.entry
        stored(entry)
        return wasThere ? .existing(entry, replicas: replicas) : .created(entry, replicas: replicas)
    }

    /// What stands for these names: the song of these bytes, also where it stands beside another one as a collision,
    /// else whatever has the id.
    private func standing(_ id: SongID, _ sha256: ContentHash) async throws(StoreError) -> SongEntry? {
        let holder = try await tools.metadata.entry(id)
        guard let holder, holder.content.value.sha256 != sha256 else { return holder }
        let beside = try await tools.metadata.entry(SongIdentity.collisionID(of: id, sha256: sha256))
        return beside?.alive.value == true ? beside : holder
    }
}
