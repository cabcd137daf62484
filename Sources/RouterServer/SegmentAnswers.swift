internal import HTTP
internal import Model
internal import Platform
internal import Segments
internal import WebServer

/// What is asked for of a song in segments.
enum SegmentPart: Hashable {
    case playlist, initSegment
    case segment(Int)

    /// Nil for what is no part; a number that is none is -1.
    init?(_ path: [String]) {
        switch path {
        case ["hls.m3u8"]: self = .playlist
        case ["init.mp4"]: self = .initSegment
        default:
            guard path.count == 2, path[0] == "seg", path[1].hasSuffix(".m4s") else { return nil }
            let digits = path[1].dropLast(4)
            let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
            self = .segment(isNumber ? Int(digits) ?? -1 : -1)
        }
    }

    /// As the tag of its bytes has it.
    fileprivate var name: String {
        switch self {
        case .playlist: "playlist"
        case .initSegment: "init"
        case .segment(let number): "seg-\(number)"
        }
    }
}

/// A song as fragmented MP4 and its playlist: the bytes of its chunks behind computed heads (the spec, §6).
@Loop
struct SegmentAnswers {
    let source: any SongSource
    let shelf: SegmentShelf
    let request: Request
    let entry: SongEntry

    func answer(_ part: SegmentPart) async throws -> Response {
        let (name, segments) = try await shelf.segments(of: entry)
        // Derived from what all bytes follow from, and so known before any of them.
        let tag = "\"\(name)-\(SongSegments.version)-\(part.name)\""
        switch part {
        case .playlist: return whole(segments.playlist, tag: tag, contentType: "application/vnd.apple.mpegurl")
        case .initSegment: return whole(segments.initSegment, tag: tag, contentType: segments.contentType)
        case .segment(let number):
            guard (0..<segments.count).contains(number) else {
                throw APIError(404, "no_such_segment", "The song has no segment of this number.")
            }
            let segment = try segments[number]
            let (manifest, source) = (segments.manifest, source)
            return RangedAnswer(tag: tag, size: segment.length, contentType: segments.contentType) { range, sink in
                try await SegmentStream(segment, range, to: sink).run(manifest, source)
            }.response(to: request)
        }
    }

    private func whole(_ bytes: [UInt8], tag: String, contentType: String) -> Response {
        RangedAnswer(tag: tag, size: Int64(bytes.count), contentType: contentType) { range, sink in
            try await sink.take(.bytes(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        }.response(to: request)
    }
}

/// A range of a segment on its way to a listener.
@Loop
private final class SegmentStream {
    /// Held back until the first bytes of the song are there: a failure before them is an answer of its own.
    private var head: ArraySlice<UInt8>
    private var filter: PieceFilter?
    private let sink: SongSink

    init(_ segment: SongSegments.Segment, _ range: Range<Int64>, to sink: SongSink) {
        let parts = segment.parts(of: range)
        head = parts.head
        filter = PieceFilter(parts.pieces)
        self.sink = sink
    }

    func run(_ manifest: Manifest, _ source: any SongSource) async throws {
        guard let span = filter?.span else { return try await sink.take(.bytes(head)) }
        let own = SongSink(room: { [self] in try await sink.waitForRoom() }) { [self] in try await take($0.bytes) }
        try await source.read(manifest, from: span.lowerBound, to: span.upperBound, into: own)
    }

    private func take(_ bytes: ArraySlice<UInt8>) async throws {
        let passed = filter?.pass(bytes) ?? bytes
        let ready = head.isEmpty ? passed : head + passed
        head = []
        if !ready.isEmpty { try await sink.take(.bytes(ready)) }
    }
}
