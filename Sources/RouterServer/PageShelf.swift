internal import Crypto
internal import HTTP
internal import Model
internal import Platform
internal import WebServer

/// The web page's files as they are sent: each one compressed once, when somebody wants it first.
@Loop
final class PageShelf {
    private struct Copies {
        let tag: String
        let plain: [UInt8]
        let compressed: [UInt8]
    }

    private var known: [PageFile: Copies] = [:]

    init() {}

    /// Scripts come from here alone; music, covers and the cluster's state come from any Router of the cluster, whose
    /// addresses change while the page is open. The player puts music together itself, which is what `blob:` is for.
    private static let policy = """
        default-src 'none'; script-src 'self'; worker-src 'self'; manifest-src 'self'; style-src 'self'; \
        img-src 'self' http: https:; media-src 'self' blob: http: https:; connect-src 'self' http: https:; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """

    func response(_ file: PageFile, to request: Request) -> Response {
        let copies = copies(of: file)
        let isCompressed = Self.takesGzip(request.headers)
        // Two representations have two tags (RFC 9110 §8.8.3).
        let tag = isCompressed ? "\"\(copies.tag)-gzip\"" : "\"\(copies.tag)\""
        var headers: Headers = [
            "Cache-Control": "no-cache", "Content-Security-Policy": Self.policy, "ETag": tag,
            "Referrer-Policy": "no-referrer", "Vary": "Accept-Encoding",
        ]
        if EntityTag.noneMatchHolds(request.headers, tag) { return Response(status: 304, headers: headers) }
        if isCompressed { headers["Content-Encoding"] = "gzip" }
        return .bytes(
            isCompressed ? copies.compressed : copies.plain, contentType: file.contentType, headers: headers)
    }

    private func copies(of file: PageFile) -> Copies {
        if let copies = known[file] { return copies }
        let bytes = file.bytes
        let copies = Copies(
            tag: SHA256.hash(bytes).description, plain: bytes, compressed: Gzip.compress(bytes))
        known[file] = copies
        return copies
    }

    /// Whether `Accept-Encoding` names gzip as good as anything (RFC 9110 §12.5.3).
    private static func takesGzip(_ headers: Headers) -> Bool {
        headers.values("Accept-Encoding").joined(separator: ",").lowercased().filter { $0 != " " }
            .split(separator: ",").contains { ["gzip", "gzip;q=1", "gzip;q=1.0"].contains($0) }
    }
}
