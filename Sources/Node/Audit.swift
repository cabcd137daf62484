internal import DataServer
internal import Model
internal import Placement
internal import Platform
internal import RouterServer

/// Finds songs that cannot be played because nobody holds a part of them.
///
/// Every song has one auditor, the first server in its manifest's placement, so that each is looked at once. The
/// catalogue says which songs there should be, which no inventory of chunks could.
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
    var changed: @Loop () -> Void = {}

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
    func liveSetChanged() { wake.wake() }

    private func run() async {
        var found: Set<SongID> = []
        var last: SongID?
        do {
            while true {
                let page = try await metadata.entries(after: last, limit: Self.pageLength)
                guard let end = page.last else { break }
                last = end.id
                found.formUnion(await lostOnes(among: page.filter(isMine)))
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
        let hashes = Array(Set(parts.flatMap(\.hashes))).sorted()
        guard !hashes.isEmpty else { return lost }
        let (client, deadline) = (client, clock.now + .seconds(2))
        let answers = await Gather.all(ring.others) { server in
            try? await client.have(hashes, at: server, deadline: deadline)
        }
        var held: Set<ContentHash> = []
        for answer in answers { held.formUnion(zip(hashes, answer ?? []).filter(\.1).map(\.0)) }
        // One that did not answer may hold what is missing: nothing is called lost on its account alone.
        guard answers.allSatisfy({ $0 != nil }) else { return lost.union(self.lost) }
        for part in parts where !part.hashes.allSatisfy(held.contains) { lost.insert(part.song) }
        return lost
    }
}
