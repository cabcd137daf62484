package import HTTP
internal import Platform

/// A request as its handler gets it.
package struct Request: Sendable {
    package let head: RequestHead
    package let target: RequestTarget
    package var method: String { head.method }
    package var headers: Headers { head.headers }

    package init(head: RequestHead, target: RequestTarget) {
        self.head = head
        self.target = target
    }
}

/// Writes a body piece by piece. What it throws after the first piece closes the connection: short, never padded.
package typealias BodyProducer = @Loop @Sendable (ResponseWriter) async throws -> Void

/// What a handler answers. Content-Length, Date, Connection and CORS fields are the server's to add.
package struct Response: Sendable {
    /// What follows the head.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Bytes in all, or nil where they are not known before. The head goes out with the first piece: an `APIError`
        /// thrown before it is the answer instead.
        case stream(length: Int64?, BodyProducer)
        /// Server-sent events, for as long as the client listens; ended when the server drains.
        case events(BodyProducer)
    }

    package var status: Int
    package var headers: Headers
    package var body: Body

    package init(status: Int, headers: Headers = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// - Parameter contentType: with its charset where it is text.
    package static func bytes(
        _ bytes: [UInt8], contentType: String, status: Int = 200, headers: Headers = [:]
    ) -> Response {
        var headers = headers
        headers["Content-Type"] = contentType
        return Response(status: status, headers: headers, body: .bytes(bytes))
    }

    package static func json(_ value: some Encodable, status: Int = 200, headers: Headers = [:]) -> Response {
        do {
            return bytes(
                try JSONText.encode(value), contentType: "application/json", status: status, headers: headers)
        } catch {
            return .failure(APIError(500, "internal", "The answer could not be written as JSON."))
        }
    }

    package static func failure(_ error: APIError, headers: Headers = [:]) -> Response {
        var headers = headers
        if let seconds = error.retryAfter { headers["Retry-After"] = String(seconds) }
        headers["Cache-Control"] = "no-store"
        let body = (try? JSONText.encode(ErrorBody(error))) ?? []
        return bytes(body, contentType: "application/json", status: error.status, headers: headers)
    }
}

/// Answers one request. It may read the body or leave it; it must return by a deadline of its own.
package typealias RequestHandler = @Loop @Sendable (Request, RequestBody) async -> Response
