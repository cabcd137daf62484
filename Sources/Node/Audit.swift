internal import DataServer
internal import Model
internal import Placement
internal import Platform
internal import RouterServer
internal import Wire

/// Finds songs that cannot be played because nobody holds a part of them.
///
/// Every song has one auditor, the first server in its manifest's placement, so that each is looked at once. The
/// catalogue says which songs there should be, which no inventory of chunks could. Renditions are lost by deaths: they
/// are looked at after changes of the live set alone.
@Loop
final class Audit {
    private let metadata: any MetadataStore
    private let chunks: any ChunkStore
    private let client: ChunkClient
    private let reader: SongReader
    private let ring: ServerRing
    private let clock: any Clock
    private let log: Logger
    private let wake: Wake
    private var loop: Task<Void, Never>?
    /// The songs of this auditor that lack a part.
    private(set) var lost: Set<SongID> = []
    private var looksAtRenditions = true
    var changed: @Loop () -> Void = {}
    /// Called for a song that is whole but for its rendition.
    var renditionLost: @Loop (SongEntry) -> Void = { _ in }

    private static let interval = Duration.seconds(60)
    /// After a change of the live set: a search among those who live now.
    private static let settle = Duration.seconds(1)
    private static let pageLength = 50

    init(
        metadata: any MetadataStore, chunks: any ChunkStore, client: ChunkClient, reader: SongReader, ring: ServerRing,
        clock: any Clock, log: Logger
    ) {
        self.metadata = metadata
        self.chunks = chunks
        self.client = client
        self.reader = reader
        self.ring = ring
        self.clock = clock
        self.log = log
        wake = Wake(clock: clock)
    }

    func start() {
        loop = Loop.spawn("audit") { [self] in
            while !Task.isCancelled {
                await wake.wait(until: clock.now + (lost.isEmpty ? Self.interval : .seconds(5)))
                await clock.sleep(for: Self.settle)
                await run()
            }
        }
    }

    func stop() { loop?.cancel() }

    func liveSetChanged() {
        looksAtRenditions = true
        wake.wake()
    }

    private func run() async {
        var found: Set<SongID> = []
        var last: SongID?
        let withRenditions = looksAtRenditions
        looksAtRenditions = false
        do {
            while true {
                let page = try await metadata.entries(after: last, limit: Self.pageLength)
                guard let end = page.last else { break }
                last = end.id
                let mine = page.filter(isMine)
                found.formUnion(await lostOnes(among: mine))
                if withRenditions { await checkRenditions(of: mine.filter { !found.contains($0.id) }) }
            }
        } catch {
            return log.warning("the audit could not read the catalogue", ["error": "\(error)"])
        }
        guard found != lost else { return }
        lost = found
        changed()
    }

    private func isMine(_ entry: SongEntry) -> Bool {
        ring.placement.holders(of: entry.content.value.manifest, count: 1).first == ring.own
    }

    private func lostOnes(among entries: [SongEntry]) async -> Set<SongID> {
        var parts: [(song: SongID, hashes: [ContentHash])] = []
        var lost: Set<SongID> = []
        for entry in entries {
            if let manifest = try? await reader.manifest(of: entry).manifest {
                parts.append((entry.id, manifest.chunks.map(\.sha256).filter { chunks.length(of: $0) == nil }))
            } else {
                lost.insert(entry.id)
            }
        }
        // One that did not answer may hold what is missing: nothing is called lost on its account alone.
        guard let held = await held(parts.flatMap(\.hashes)) else { return lost.union(self.lost) }
        for part in parts where !part.hashes.allSatisfy(held.contains) { lost.insert(part.song) }
        return lost
    }

    /// Which of these the others hold; nil where not all of them answered.
    private func held(_ chunks: [ContentHash]) async -> Set<ContentHash>? {
        let hashes = Array(Set(chunks)).sorted()
        guard !hashes.isEmpty else { return [] }
        let (client, deadline) = (client, clock.now + .seconds(2))
        let answers = await Gather.all(ring.others) { server in
            try? await client.have(hashes, at: server, deadline: deadline)
        }
        guard answers.allSatisfy({ $0 != nil }) else { return nil }
        var held: Set<ContentHash> = []
        for answer in answers { held.formUnion(zip(hashes, answer ?? []).filter(\.1).map(\.0)) }
        return held
    }

    /// A rendition that lacks a part is given up while nobody is missing who may have it: it can be made again.
    private func checkRenditions(of entries: [SongEntry]) async {
        for entry in entries {
            guard let manifest = try? await reader.manifest(of: entry).manifest, let rendition = manifest.rendition
            else { continue }
            var parts = [rendition.sha256]
            if let bytes = try? await reader.attachment(rendition),
                let described = try? WireJSON.decode(Manifest.self, from: bytes)
            {
                parts = described.chunks.map(\.sha256)
            }
            let missing = parts.filter { chunks.length(of: $0) == nil }
            guard ring.isWhole, let held = await held(missing), ring.isWhole, !missing.allSatisfy(held.contains) else {
                continue
            }
            log.warning("a rendition is lost, and is made again when it is asked for", ["song": "\(entry.id)"])
            renditionLost(entry)
        }
    }
}
