internal import HTTP

/// An answer's head as it goes out, and how its body is delimited (RFC 9112 §6).
struct FramedResponse {
    let head: [UInt8]
    /// Whether a body follows: not after HEAD, 204 and 304.
    let hasBody: Bool
    let isChunked: Bool
    let length: Int64?
    /// Whether the connection serves on after the body.
    let keepsAlive: Bool

    /// - Parameter date: the value of `Date`; nil leaves it out.
    init(_ response: Response, to request: RequestHead, keepAlive: Bool, date: String?) {
        var headers = response.headers
        let length: Int64? =
            switch response.body {
            case .bytes(let bytes): Int64(bytes.count)
            case .stream(let length, _): length
            case .events: nil
            }
        let isBodiless = response.status == 204 || response.status == 304
        isChunked = !isBodiless && length == nil && request.minorVersion >= 1
        hasBody = !isBodiless && request.method != "HEAD"
        keepsAlive = keepAlive && (isChunked || length != nil || !hasBody)
        self.length = length
        if let length, response.status != 204, response.status != 304 { headers["Content-Length"] = String(length) }
        if isChunked { headers["Transfer-Encoding"] = "chunked" }
        if !keepsAlive {
            headers["Connection"] = "close"
        } else if request.minorVersion == 0 {
            headers["Connection"] = "keep-alive"
        }
        headers["Date"] = date
        headers["Server"] = "rondo"
        headers["X-Content-Type-Options"] = "nosniff"
        CrossOrigin.addFields(to: &headers)
        head = MessageWriter.response(status: response.status, headers: headers)
    }
}
