import Catalogue
import HTTP
import Model
import Platform
import RouterServer

/// Songs in memory behind the API's seams, with the faults that a test asks for.
@Loop
final class TestLibrary: SongSource {
    struct Unreachable: Error {}

    private var songs: [SongID: (manifest: StoredManifest, bytes: [UInt8])] = [:]
    private var attachments: [ContentHash: [UInt8]] = [:]
    /// False: no holder answers.
    var isReachable = true
    /// From this byte of an original on no holder answers.
    var failsAt: Int64?
    /// Bytes handed out, for what a range may cost.
    private(set) var bytesRead: Int64 = 0

    nonisolated init() {}

    func add(_ song: TestSong) {
        songs[song.entry.id] = (song.stored, song.bytes)
        if let cover = song.entry.content.value.cover { attachments[cover.sha256] = song.cover }
        attachments[song.entry.content.value.manifest] = song.stored.bytes
        if let packets = song.stored.manifest.packets { attachments[packets.sha256] = song.packets }
    }

    func manifest(of entry: SongEntry) async throws -> StoredManifest {
        guard isReachable, let song = songs[entry.id] else { throw APIError.chunkUnavailable }
        return song.manifest
    }

    func read(_ manifest: Manifest, from: Int64, to: Int64, into sink: SongSink) async throws {
        guard let bytes = songs.values.first(where: { $0.manifest.manifest.sha256 == manifest.sha256 })?.bytes else {
            throw APIError.chunkUnavailable
        }
        var position = from
        while position < to {
            let end = min(to, position + 64 << 10, failsAt.map { max($0, position) } ?? .max)
            if end == position || !isReachable { throw APIError.chunkUnavailable }
            bytesRead += end - position
            try await sink.take(.bytes(bytes[Int(position)..<Int(end)]))
            position = end
        }
    }

    func attachment(_ attachment: Attachment) async throws -> [UInt8] {
        guard isReachable, let bytes = attachments[attachment.sha256] else { throw APIError.chunkUnavailable }
        return bytes
    }

    func holders(of entry: SongEntry) async -> [SongHolder] {
        isReachable ? [SongHolder(id: ServerID(7), http: Endpoint(HostAddress(127, 0, 1, 2), 8080))] : []
    }

    func isAvailable(_ song: SongID) -> Bool { isReachable && songs[song] != nil }
}

/// Renditions that are there when a test says so.
@Loop
final class TestRenditions: SongRenditions {
    /// Makes the one that is asked for.
    var outcome: @Loop (SongEntry) throws -> SongEntry = { _ in throw APIError(503, "rendition_pending", "Later.") }
    private(set) var asked = 0

    nonisolated init() {}

    func rendered(_ entry: SongEntry) async throws -> SongEntry {
        asked += 1
        return try outcome(entry)
    }
}

/// Uploads that end in whatever outcome a test sets, and remember what they were given.
@Loop
final class TestUploads: SongUploads {
    var refusesToBegin: APIError?
    /// After this many bytes `append` fails.
    var capacity = Int.max
    var outcome: (@Loop @Sendable ([UInt8], String, SongTags) -> UploadOutcome)?
    private(set) var bytes: [UInt8] = []
    private(set) var fileName: String?
    private(set) var tags = SongTags()
    private(set) var begun = 0
    private(set) var finished = 0
    private(set) var aborted = 0
    /// Told at the end of each upload.
    let ended: ChangeSignal

    init(clock: any Clock) { ended = ChangeSignal(clock: clock) }

    func begin() async throws -> any SongUpload {
        if let refusesToBegin { throw refusesToBegin }
        begun += 1
        bytes = []
        return Upload(self)
    }

    private final class Upload: SongUpload {
        let uploads: TestUploads
        init(_ uploads: TestUploads) { self.uploads = uploads }

        func append(_ bytes: ArraySlice<UInt8>) async throws {
            guard uploads.bytes.count + bytes.count <= uploads.capacity else {
                throw APIError(507, "disk_full", "The disk is full.")
            }
            uploads.bytes += bytes
        }

        func finish(fileName: String, overriding tags: SongTags) async -> UploadOutcome {
            uploads.finished += 1
            uploads.fileName = fileName
            uploads.tags = tags
            uploads.ended.changed()
            return uploads.outcome?(uploads.bytes, fileName, tags) ?? .refused(APIError(422, "not_audio", "No audio."))
        }

        func abort() async {
            uploads.aborted += 1
            uploads.ended.changed()
        }
    }
}

@Loop
final class TestCluster: ClusterView {
    var status: ClusterStatus
    var servesListeners = true
    var knowsAllSongs = true
    var unreadiness: [String] = []
    var otherRouters: [String] = []
    var goneHosts: [String] = []
    var hasRoom = true
    var routersWithRoom: [String] = []
    func routersWithRoom(forHost host: String?) -> [String] { routersWithRoom }
    func otherRouters(forHost host: String?) -> [String] { otherRouters }
    let changes: ChangeSignal
    let events: RingEvents
    var metricsText: String { "# HELP x x\n# TYPE x gauge\nx 1\n" }

    init(clock: any Clock) {
        changes = ChangeSignal(clock: clock)
        events = RingEvents(own: ServerID(1), clock: clock)
        status = ClusterStatus(
            self: ServerID(1), epoch: 3,
            members: [
                ClusterStatus.Member(
                    id: ServerID(1), address: HostAddress(127, 0, 1, 2), role: .router, state: "alive",
                    incarnation: Incarnation(4), predecessor: ServerID(2), successors: [ServerID(2), ServerID(3)],
                    publicHttp: "music.example:80", httpPort: 8080, peerPort: 7700)
            ], counts: RoleCounts(data: 2, router: 3),
            replication: ClusterStatus.Replication(target: 3, under: 0, lost: 0), songs: 1, bytes: 2)
    }
}

/// Edits in the server's own database, which end as a test wants.
@Loop
final class TestEdits: SongEdits {
    var refusal: APIError?
    private(set) var tags: [SongTags] = []
    private let metadata: any MetadataStore
    private var stamps: Int64 = 2_000

    init(_ metadata: any MetadataStore) { self.metadata = metadata }

    func edit(_ id: SongID, _ tags: SongTags) async throws -> ChangedSong {
        self.tags.append(tags)
        return try await change(id) { $0.edited(tags, at: $1) }
    }

    func delete(_ id: SongID) async throws -> ChangedSong {
        try await change(id) { $0.alive.value ? $0.deleted(at: $1) : $0 }
    }

    private func change(
        _ id: SongID, _ next: @escaping @Sendable (SongEntry, Stamp) -> SongEntry
    ) async throws -> ChangedSong {
        if let refusal { throw refusal }
        stamps += 1
        let stamp = Stamp(wallMs: stamps, counter: 0, writer: ServerID(1))
        let record = try await metadata.change(id) { $0.map { next($0, stamp) } }
        guard let record else { throw APIError.noSuchSong }
        return ChangedSong(record.entry, replicas: 3)
    }

    func write(_ contents: [PlaylistContent]) async throws -> Int {
        if let refusal { throw refusal }
        stamps += 1
        let stamp = Stamp(wallMs: stamps, counter: 0, writer: ServerID(1))
        _ = try await metadata.write(contents.map { $0.entry(at: stamp) })
        return 3
    }
}
