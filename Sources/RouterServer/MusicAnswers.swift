internal import HTTP
internal import Model
internal import Platform
internal import WebServer

/// Music out: audio, manifest, chunk, fragment, cover, providers (the spec, §6).
@Loop
struct MusicAnswers {
    let source: any SongSource
    let request: Request
    let entry: SongEntry

    func audio() async throws -> Response {
        let content = entry.content.value
        let manifest = try await manifestIfNeeded(tag: EntityTag.strong(content.sha256))
        return bytes(
            of: manifest, 0..<content.bytes, tag: EntityTag.strong(content.sha256), contentType: content.contentType
        ).response(to: request)
    }

    func chunk(_ number: Int) async throws -> Response {
        let manifest = try await source.manifest(of: entry).manifest
        guard manifest.chunks.indices.contains(number) else { throw APIError.noSuchChunk }
        let chunk = manifest.chunks[number]
        return bytes(
            of: manifest, chunk.offset..<chunk.offset + Int64(chunk.length), tag: EntityTag.strong(chunk.sha256),
            contentType: "application/octet-stream"
        ).response(to: request)
    }

    func fragment() async throws -> Response {
        let query = try QueryReader(request.target.query)
        let duration = entry.content.value.durationMs
        let from = try query.number("from_ms", in: 0...max(0, duration), default: 0)
        let count = Int(try query.number("count", in: 0...1_000_000, default: 1))
        let manifest = try await source.manifest(of: entry).manifest
        guard let first = manifest.chunkIndex(atMs: from) else { throw APIError.noSuchChunk }
        let end = count == 0 ? manifest.chunks.count : min(manifest.chunks.count, first + count)
        let last = manifest.chunks[end - 1]
        let range = manifest.chunks[first].offset..<last.offset + Int64(last.length)
        let tag = "\"\(entry.content.value.sha256)-\(range.lowerBound)-\(range.upperBound)\""
        var response = bytes(of: manifest, range, tag: tag, contentType: entry.content.value.contentType)
            .response(to: request)
        response.headers["X-Rondo-Start-Ms"] = String(manifest.chunks[first].startMs)
        return response
    }

    func manifest() async throws -> Response {
        let tag = EntityTag.strong(entry.content.value.manifest)
        let stored = try await source.manifest(of: entry)
        return small(stored.bytes, tag: tag, contentType: "application/json")
    }

    func cover() async throws -> Response {
        guard let cover = entry.content.value.cover else {
            throw APIError(404, "no_cover", "This song has no cover.")
        }
        // A cover comes from a stranger's file: only what is a picture and nothing else may look like one.
        let pictures = ["image/jpeg", "image/png", "image/webp", "image/gif"]
        let type = pictures.contains(cover.contentType) ? cover.contentType : "application/octet-stream"
        return small(try await source.attachment(cover), tag: EntityTag.strong(cover.sha256), contentType: type)
    }

    func providers() async throws -> Response {
        let holders = await source.holders(of: entry)
        guard !holders.isEmpty else { throw APIError.chunkUnavailable }
        return .json(ProvidersBody(holders), headers: ["Cache-Control": "no-store"])
    }

    /// The manifest, or nil where the answer will have no body for it.
    private func manifestIfNeeded(tag: String) async throws -> Manifest? {
        let hasIt = EntityTag.noneMatchHolds(request.headers, tag) || EntityTag.matchFails(request.headers, tag)
        return hasIt ? nil : try await source.manifest(of: entry).manifest
    }

    private func bytes(
        of manifest: Manifest?, _ range: Range<Int64>, tag: String, contentType: String
    ) -> RangedAnswer {
        let source = source
        return RangedAnswer(tag: tag, size: Int64(range.count), contentType: contentType) { part, sink in
            guard let manifest else { throw APIError.chunkUnavailable }
            try await source.read(
                manifest, from: range.lowerBound + part.lowerBound, to: range.lowerBound + part.upperBound, into: sink)
        }
    }

    private func small(_ bytes: [UInt8], tag: String, contentType: String) -> Response {
        let headers: Headers = ["Cache-Control": "no-cache", "ETag": tag]
        if EntityTag.noneMatchHolds(request.headers, tag) { return Response(status: 304, headers: headers) }
        return .bytes(bytes, contentType: contentType, headers: headers)
    }
}

/// The body of `/providers`.
private struct ProvidersBody: Encodable {
    struct Provider: Encodable {
        let id: ServerID
        let address: HostAddress
        let httpPort: UInt16
    }

    let providers: [Provider]

    init(_ holders: [SongHolder]) {
        providers = holders.map { Provider(id: $0.id, address: $0.http.host, httpPort: $0.http.port) }
    }
}
