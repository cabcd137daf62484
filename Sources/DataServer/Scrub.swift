package import Model
package import Platform
internal import Wire

/// Reads every chunk of this disk again and again, slowly, so that damage is found before the last good copy is gone.
///
/// A pass goes through the chunks in the order of their hashes and begins once a day; a disk that takes longer is read
/// without an end. How far a pass has come outlives the process.
@Loop
package final class Scrub {
    /// Where a pass is.
    private struct Place: Codable {
        /// In milliseconds since 1970.
        var beganMs: Int64
        /// The last chunk that was read; nil before the first.
        var last: ContentHash?
        var isOver: Bool
    }

    private static let fileName = "scrub.json"
    private static let interval = Duration.seconds(24 * 3600)
    /// How often the place is written down, in chunks; what is read twice after a crash is at most so much.
    private static let chunksBetweenSaves = 256
    /// How long a pass waits to see whether it is time for the next one.
    private static let rest = Duration.seconds(60)

    private let chunks: any ChunkStore
    private let files: any Files
    private let clock: any Clock
    private let log: Logger
    private let metrics: Metrics
    private let rate: Int64
    private let damaged: @Loop (ContentHash, Int) -> Void
    private var loop: Task<Void, Never>?

    /// - Parameters:
    ///   - rate: bytes a second that are read at most; 0 reads nothing.
    ///   - damaged: called with the hash and the length of a chunk that turned out to be damaged or gone.
    package init(
        chunks: any ChunkStore, files: any Files, clock: any Clock, log: Logger, metrics: Metrics, rate: Int64,
        damaged: @escaping @Loop (ContentHash, Int) -> Void
    ) {
        self.chunks = chunks
        self.files = files
        self.clock = clock
        self.log = log
        self.metrics = metrics
        self.rate = rate
        self.damaged = damaged
    }

    package func start() {
        guard rate > 0 else { return }
        loop = Loop.spawn("scrub") { [self] in
            var place = await stored()
            while !Task.isCancelled {
                if place.isOver, !isDue(place) {
                    await clock.sleep(for: Self.rest)
                    continue
                }
                if place.isOver { place = Place(beganMs: clock.wallMs, last: nil, isOver: false) }
                await read(&place)
            }
        }
    }

    package func stop() { loop?.cancel() }

    /// A clock that was set back does not put the next pass off.
    private func isDue(_ place: Place) -> Bool {
        let since = clock.wallMs - place.beganMs
        return since < 0 || since >= Int64(Self.interval / .milliseconds(1))
    }

    /// Reads on until the pass is over.
    private func read(_ place: inout Place) async {
        let began = place.last
        let left = chunks.inventory().filter { chunk in began.map { chunk > $0 } ?? true }
        for (index, hash) in left.enumerated() {
            guard !Task.isCancelled else { return }
            let start = clock.now
            let length = chunks.length(of: hash) ?? 0
            await check(hash, length)
            place.last = hash
            if index % Self.chunksBetweenSaves == Self.chunksBetweenSaves - 1 { await save(place) }
            await clock.sleep(until: start + .seconds(1) * (Double(length) / Double(rate)))
        }
        place.isOver = true
        await save(place)
        metrics.count("rondo_scrub_passes_total", "Passes over all chunks of this disk.")
    }

    private func check(_ hash: ContentHash, _ length: Int) async {
        // One that was freed in the meantime is no damage.
        guard length > 0 else { return }
        do throws(StoreError) {
            try await chunks.verify(hash)
            metrics.count(
                "rondo_scrub_bytes_total", "Bytes of chunks read to see whether they are whole.", by: Double(length))
        } catch {
            guard error == .corrupt || error == .missing else {
                return log.warning("a chunk could not be read", ["chunk": hash, "error": "\(error)"])
            }
            metrics.count("rondo_chunks_damaged_total", "Chunks found damaged on this server's disk.")
            log.warning("a chunk was damaged; another server's copy is fetched", ["chunk": hash])
            damaged(hash, length)
        }
    }

    private func stored() async -> Place {
        let none = Place(beganMs: 0, last: nil, isOver: true)
        guard let bytes = try? await files.loadState(Self.fileName) else { return none }
        return (try? WireJSON.decode(Place.self, from: bytes)) ?? none
    }

    private func save(_ place: Place) async {
        do {
            try await files.saveState(Self.fileName, WireJSON.encode(place))
        } catch {
            log.debug("the scrub's place could not be remembered", ["error": "\(error)"])
        }
    }
}
