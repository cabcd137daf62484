internal import HTTP
internal import Model
internal import Platform
internal import WebServer

/// Bytes of known length and hash, of which a client may ask for parts: an original, a chunk (RFC 9110 §14).
struct RangedAnswer {
    /// Strong, with its quotes.
    let tag: String
    let size: Int64
    let contentType: String
    /// Hands the bytes of a range to a sink.
    let read: @Loop @Sendable (Range<Int64>, SongSink) async throws -> Void

    private var headers: Headers {
        ["Accept-Ranges": "bytes", "Cache-Control": "no-cache", "ETag": tag]
    }

    /// The answer that needs no byte: the client has it, or its condition does not hold.
    func withoutBody(_ request: Request) -> Response? {
        if EntityTag.matchFails(request.headers, tag) {
            return .failure(
                APIError(412, "changed", "These are not the bytes that If-Match names."), headers: headers)
        }
        return EntityTag.noneMatchHolds(request.headers, tag) ? Response(status: 304, headers: headers) : nil
    }

    func response(to request: Request) -> Response {
        if let short = withoutBody(request) { return short }
        // Ranges are defined for GET alone (RFC 9110 §14.2).
        let counts = request.method == "GET" && EntityTag.rangeCounts(request.headers, tag)
        let fields = request.headers.values("Range")
        guard fields.count <= 1 else { return unsatisfiable }
        switch ByteRanges(counts ? fields.first : nil, size: size) {
        case .whole: return whole
        case .unsatisfiable: return unsatisfiable
        case .parts(let ranges): return ranges.count == 1 ? single(ranges[0]) : multiple(ranges)
        }
    }

    private var whole: Response {
        var headers = headers
        headers["Content-Type"] = contentType
        return Response(status: 200, headers: headers, body: body(0..<size))
    }

    private var unsatisfiable: Response {
        var headers = headers
        headers["Content-Range"] = ByteRanges.unsatisfiedRange(size: size)
        return .failure(
            APIError(416, "bad_range", "The Range is not valid or lies outside of the \(size) bytes."), headers: headers
        )
    }

    private func single(_ range: Range<Int64>) -> Response {
        var headers = headers
        headers["Content-Type"] = contentType
        headers["Content-Range"] = ByteRanges.contentRange(range, size: size)
        return Response(status: 206, headers: headers, body: body(range))
    }

    private func multiple(_ ranges: [Range<Int64>]) -> Response {
        // Derived from the bytes' own hash: the same on every server, and not among them by accident.
        let boundary = "rondo-" + tag.filter { $0.isHexDigit }.prefix(32)
        let multipart = MultipartRanges(ranges, size: size, contentType: contentType, boundary: boundary)
        var headers = headers
        headers["Content-Type"] = multipart.contentType
        let read = read
        return Response(
            status: 206, headers: headers,
            body: .stream(length: multipart.length) { writer in
                for part in multipart.parts {
                    var head: [UInt8]? = part.head
                    try await read(
                        part.range,
                        SongSink(room: { try await writer.waitForRoom() }) { piece in
                            // Held back until the first bytes are there: a failure before them is an answer of its own.
                            if let first = head { try await writer.write(first) }
                            head = nil
                            try await writer.write(piece)
                        })
                }
                try await writer.write(multipart.tail)
            })
    }

    private func body(_ range: Range<Int64>) -> Response.Body {
        let read = read
        return .stream(length: Int64(range.count)) { writer in
            try await read(
                range, SongSink(room: { try await writer.waitForRoom() }) { try await writer.write($0) })
        }
    }
}
