/// What is wrong with a message on the wire. After any of them the connection cannot be used any more.
package enum HTTPError: Error, Hashable, Sendable {
    /// Not HTTP/1.1, or a form that two parsers could read differently; the text says what.
    case malformed(String)
    /// The head is longer than `HTTPLimits.headLength` or has too many fields.
    case headTooLarge
    /// The request line is longer than `HTTPLimits.targetLength`.
    case targetTooLong
    /// Not HTTP/1.x.
    case unsupportedVersion
    /// A transfer coding but chunked.
    case unsupportedCoding
    /// The connection ended in the middle of a message.
    case truncated

    /// What a server answers before it closes the connection.
    package var answer: APIError {
        switch self {
        case .malformed(let what): APIError(400, "bad_request", "This is not a valid HTTP request: \(what).")
        case .headTooLarge:
            APIError(431, "head_too_large", "The request's head is too large: at most 16 KiB and 100 fields.")
        case .targetTooLong: APIError(414, "target_too_long", "The request's address is too long: at most 8 KiB.")
        case .unsupportedVersion: APIError(505, "unsupported_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        case .unsupportedCoding: APIError(501, "unsupported_coding", "The only transfer coding here is chunked.")
        case .truncated: APIError(400, "truncated", "The connection ended in the middle of the request.")
        }
    }
}

/// The bounds of what a parser keeps of one message.
package enum HTTPLimits {
    /// Bytes of start line and fields together.
    package static let headLength = 16 << 10
    /// Bytes of the request line.
    package static let targetLength = 8 << 10
    /// Fields of a head.
    package static let fieldCount = 100
    /// Bytes of a chunk's size line with its extensions.
    package static let chunkLineLength = 256
    /// Bytes of all trailers, which are read and dropped.
    package static let trailerLength = 4 << 10
}
