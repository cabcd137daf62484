internal import HTTP

/// Who may ask from which web page: reads from anywhere, writes only from the own origin or a member's (the spec, §6).
enum CrossOrigin {
    /// Whether a method changes nothing (RFC 9110 §9.2.1).
    static func isRead(_ method: String) -> Bool { method == "GET" || method == "HEAD" || method == "OPTIONS" }

    /// Whether a request with this `Origin` may write. Programs send none.
    static func mayWrite(_ headers: Headers, isMember: (String) -> Bool) -> Bool {
        let origins = headers.values("Origin")
        guard let origin = origins.first else { return true }
        guard origins.count == 1 else { return false }
        if let host = headers["Host"],
            Headers.sameText(origin, "http://\(host)") || Headers.sameText(origin, "https://\(host)")
        {
            return true
        }
        return isMember(origin)
    }

    static let foreignOrigin = APIError(
        403, "foreign_origin", "A page of another site may not change this library.")

    /// The fields that every answer carries, so that pages of any origin, and of other Routers, may read it.
    static func addFields(to headers: inout Headers) {
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] =
            "Accept-Ranges, Content-Length, Content-Range, ETag, Location, Retry-After, X-Rondo-Replicas, "
            + "X-Rondo-Start-Ms"
    }

    /// The answer to a preflight (Fetch standard, CORS protocol); nil when the request is none.
    static func preflight(_ request: Request, isMember: (String) -> Bool) -> Response? {
        guard request.method == "OPTIONS", request.headers["Origin"] != nil,
            request.headers["Access-Control-Request-Method"] != nil
        else { return nil }
        let writes = mayWrite(request.headers, isMember: isMember)
        return Response(
            status: 204,
            headers: [
                "Access-Control-Allow-Methods": writes ? "GET, HEAD, POST, PUT, PATCH, DELETE" : "GET, HEAD",
                "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range",
                "Access-Control-Max-Age": "600",
            ])
    }
}
