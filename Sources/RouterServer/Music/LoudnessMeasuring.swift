internal import DataServer
internal import HTTP
package import Model
package import Platform

/// Measures how loud songs are, one after the other, while no upload is under way, and enters it into the catalogue.
///
/// A song is measured after its upload; one that was not, because its Router died or had too many waiting, when it is
/// played.
@Loop
package final class LoudnessMeasuring {
    /// How long one may take: a day of music.
    private static let deadline = Duration.seconds(900)
    private static let maximum = 1_000
    /// Between two songs, and between two looks for whether uploads are over: listeners come first.
    private static let rest = Duration.milliseconds(200)

    private let tools: Uploads.Tools
    private let isUploading: @Loop () -> Bool
    private var waiting: [SongID] = []
    /// Those that wait, are being measured, or could not be.
    private var known: Set<SongID> = []
    private static let maximumKnown = 10_000
    private var isRunning = false

    package init(_ uploads: Uploads) {
        tools = uploads.tools
        isUploading = { [weak uploads] in uploads?.isBusy ?? false }
        uploads.stored = { [weak self] in self?.want($0) }
    }

    /// Has a song measured, unless it is.
    package func want(_ entry: SongEntry) {
        guard entry.loudness == nil, waiting.count < Self.maximum, known.insert(entry.id).inserted else { return }
        if known.count > Self.maximumKnown { known = Set(waiting) }
        waiting.append(entry.id)
        guard !isRunning else { return }
        isRunning = true
        Loop.spawn("loudness") { [self] in
            while !waiting.isEmpty {
                await tools.clock.sleep(for: Self.rest)
                if !isUploading() { await measure(waiting.removeFirst()) }
            }
            isRunning = false
        }
    }

    private func measure(_ id: SongID) async {
        do {
            let spool = try await tools.files.openSpool()
            do {
                try await measure(id, spool)
            } catch {
                await spool.close()
                throw error
            }
            await spool.close()
            known.remove(id)
        } catch {
            tools.log.debug("a song's loudness could not be measured", ["song": "\(id)", "error": "\(error)"])
        }
    }

    private func measure(_ id: SongID, _ spool: any SpoolFile) async throws {
        guard let entry = try await tools.metadata.entry(id), entry.alive.value, entry.loudness == nil else { return }
        let manifest = try await tools.reader.manifest(of: entry).manifest
        try await tools.reader.copy(manifest, into: spool)
        let measured = try await tools.files.loudness(spool, deadline: tools.clock.now + Self.deadline)
        guard let loudness = measured else { throw MediaFailure(reason: "it is silent") }
        let change = try await tools.metadata.change(id) { known in
            // Another recording may have taken the id meanwhile.
            guard var known, known.content.value.sha256 == manifest.sha256, known.loudness == nil else { return nil }
            known.loudness = loudness
            return known
        }
        if let change { _ = await tools.catalogue.spread([change.record], wanted: 2) }
    }
}
