internal import DataServer
internal import HTTP
package import Model
package import Platform
internal import Wire

/// Makes renditions in the background, stores them like songs, and enters them into the catalogue.
///
/// A rendition is a FLAC file with a manifest of its own, and the song's new manifest names it. Two Routers that make
/// the same one at once make the same bytes; where they do not, as with different versions of libav, the catalogue's
/// merge chooses one for all. (`docs/decisions/0014-renditions-in-flac.md`)
@Loop
package final class Renditions: SongRenditions {
    /// How long a listener waits; a song of four minutes takes two seconds.
    private static let patience = Duration.seconds(8)
    /// How long a rendition may take: a day of music, with others before it.
    private static let deadline = Duration.seconds(900)
    /// Under way and waiting.
    private static let maximum = 32

    private let tools: Uploads.Tools
    private var jobs: [SongID: Job] = [:]

    package init(_ uploads: Uploads) { tools = uploads.tools }

    package func rendered(_ entry: SongEntry) async throws -> SongEntry {
        let job: Job
        if let running = jobs[entry.id] {
            job = running
        } else {
            guard jobs.count < Self.maximum else { throw APIError.renditionPending }
            job = Job(clock: tools.clock)
            jobs[entry.id] = job
            Loop.spawn("rendition") { [self] in
                job.outcome = await outcome(entry)
                jobs[entry.id] = nil
                job.ended.changed()
            }
        }
        let limit = tools.clock.now + Self.patience
        while job.outcome == nil, tools.clock.now < limit {
            _ = await job.ended.wait(beyond: job.ended.version, until: limit)
        }
        guard let outcome = job.outcome else { throw APIError.renditionPending }
        do { return try outcome.get() } catch let error as StoreError { throw APIError(error) }
    }

    /// One rendition under way, for all who ask for it meanwhile.
    @Loop
    private final class Job {
        var outcome: Result<SongEntry, any Error>?
        let ended: ChangeSignal

        init(clock: any Clock) { ended = ChangeSignal(clock: clock) }
    }

    private func outcome(_ entry: SongEntry) async -> Result<SongEntry, any Error> {
        do {
            return .success(
                try await withSpool { source in
                    try await self.withSpool { target in try await self.make(entry, source, target) }
                })
        } catch {
            return .failure(error)
        }
    }

    /// Opens a spool file for `body`, and closes it whatever comes of that.
    private func withSpool(
        _ body: @Loop @Sendable (any SpoolFile) async throws -> SongEntry
    ) async throws -> SongEntry {
        let spool = try await tools.files.openSpool()
        do {
            let entry = try await body(spool)
            await spool.close()
            return entry
        } catch {
            await spool.close()
            throw error
        }
    }

    private func make(_ entry: SongEntry, _ source: any SpoolFile, _ target: any SpoolFile) async throws -> SongEntry {
        // Whoever asks may have looked at the entry before another rendition was done.
        let entry = try await tools.metadata.entry(entry.id) ?? entry
        let manifest = try await tools.reader.manifest(of: entry).manifest
        if manifest.rendition != nil { return entry }
        try await tools.reader.copy(manifest, into: source)
        let original = manifest.sha256
        let limit = tools.clock.now + Self.deadline
        let problem = await tools.files.render(
            source, into: target, limit: Self.longest(manifest), deadline: limit)
        if let problem { throw failed(entry, problem) }
        let hash = try await target.finish()
        let described = await tools.files.describe(target, fileName: "rendition.flac", deadline: limit)
        guard case .song(let description, _, let packets) = described else { throw failed(entry, "\(described)") }
        let storing = SongStoring(tools: tools, spool: target, recording: original)
        let content = try await storing.store(description, sha256: hash, cover: [], packets: packets)
        var named = manifest
        named.rendition = Attachment(
            sha256: content.manifest, length: content.manifestLength,
            contentType: "application/vnd.rondo.manifest+json")
        return try await enter(try await storing.store(named), for: entry)
    }

    /// Gives up a song's rendition, parts of which nobody holds any more.
    package func discard(for entry: SongEntry) async {
        do {
            _ = try await withSpool { spool in
                var manifest = try await self.tools.reader.manifest(of: entry).manifest
                manifest.rendition = nil
                let storing = SongStoring(tools: self.tools, spool: spool, recording: manifest.sha256)
                return try await self.enter(try await storing.store(manifest), for: entry)
            }
        } catch {
            // The next audit after a change of the live set tries again.
            tools.log.warning("a lost rendition could not be given up", ["song": "\(entry.id)", "error": "\(error)"])
        }
    }

    /// As long as samples of 24 bits are that nothing could be saved on.
    private static func longest(_ manifest: Manifest) -> Int64 {
        let samples = min(max(0, manifest.totalSamples), 1 << 40)
        return samples * Int64(min(max(1, manifest.channels), 8)) * 4 + 1 << 20
    }

    private func failed(_ entry: SongEntry, _ reason: String) -> APIError {
        tools.log.warning("a song could not be rendered", ["song": "\(entry.id)", "reason": reason])
        return APIError(503, "no_rendition", "This song could not be made ready for segments.", retryAfter: 60)
    }

    /// Puts the new manifest in the place of the one that it follows from, unless the song has changed meanwhile.
    private func enter(_ manifest: Attachment, for entry: SongEntry) async throws -> SongEntry {
        let before = entry.content.value
        let change = try await tools.metadata.change(entry.id) { known in
            guard var known, known.alive.value, known.content.value.sha256 == before.sha256,
                known.content.value.manifest == before.manifest
            else { return nil }
            known.content.value.manifest = manifest.sha256
            known.content.value.manifestLength = manifest.length
            // Right after the upload, so that which of two colliding songs is the earlier one stays as it is.
            known.content.stamp.counter += 1
            return known
        }
        guard let change else {
            guard let known = try await tools.metadata.entry(entry.id), known.alive.value else {
                throw APIError.noSuchSong
            }
            return known
        }
        _ = await tools.catalogue.spread([change.record], wanted: min(3, tools.ring.others.count + 1))
        return change.entry
    }
}

extension APIError {
    static let renditionPending = APIError(
        503, "rendition_pending", "This song is being made ready for segments; try again.", retryAfter: 2)
}
