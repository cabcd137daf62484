internal import HTTP
internal import Model
internal import Platform
internal import Segments
internal import Wire

/// Keeps where the segments of the last used songs begin, so that their packet lists are not read for every one.
@Loop
final class SegmentShelf {
    /// What is kept at most, in bytes; a common song takes 30 KB.
    private static let capacity = 8 << 20

    private let source: any SongSource
    private let renditions: (any SongRenditions)?
    /// By the hashes of songs' manifests: the segments, and the hash of the manifest from which they follow.
    private var kept: [ContentHash: (name: ContentHash, segments: SongSegments, lastUse: UInt64)] = [:]
    private var uses: UInt64 = 0

    /// - Parameter renditions: nil where songs that cannot be had in segments as they are cannot be had so at all.
    init(source: any SongSource, renditions: (any SongRenditions)?) {
        self.source = source
        self.renditions = renditions
    }

    /// - Returns: the segments, and the hash from which all their bytes follow.
    /// - Throws: 404 `no_segments` for a song that cannot be had so, 503 where it cannot be had now.
    func segments(of entry: SongEntry) async throws -> (name: ContentHash, segments: SongSegments) {
        let key = entry.content.value.manifest
        uses += 1
        if let known = kept[key] {
            kept[key]?.lastUse = uses
            return (known.name, known.segments)
        }
        let manifest = try await source.manifest(of: entry).manifest
        if let segments = try await segments(manifest) { return keep(segments, named: key, as: key) }
        if let rendition = manifest.rendition {
            let bytes = try await source.attachment(rendition)
            guard let segments = try await segments(try WireJSON.decode(Manifest.self, from: bytes)) else {
                throw APIError.noSegments
            }
            return keep(segments, named: rendition.sha256, as: key)
        }
        guard let renditions else { throw APIError.noSegments }
        let rendered = try await renditions.rendered(entry)
        // Another server's change may have come between; whoever asks again finds what came of it.
        guard rendered.content.value.manifest != key else { throw APIError.renditionPending }
        return try await segments(of: rendered)
    }

    /// Nil where the manifest's own chunks are no segments that players take.
    private func segments(_ manifest: Manifest) async throws -> SongSegments? {
        guard let packets = manifest.packets else { return nil }
        guard SongSegments.takes(manifest) else { return nil }
        let bytes = try await source.attachment(packets)
        do { return try SongSegments(manifest, packets: bytes) } catch { return nil }
    }

    private func keep(
        _ segments: SongSegments, named name: ContentHash, as key: ContentHash
    ) -> (name: ContentHash, segments: SongSegments) {
        kept[key] = (name, segments, uses)
        while kept.count > 1, kept.values.reduce(0, { $0 + $1.segments.weight }) > Self.capacity,
            let oldest = kept.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            kept[oldest.key] = nil
        }
        return (name, segments)
    }
}

extension APIError {
    fileprivate static let noSegments = APIError(
        404, "no_segments", "This song cannot be had in segments; its audio can.")
}
