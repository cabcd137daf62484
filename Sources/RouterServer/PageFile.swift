internal import HTTP
internal import WebServer

/// The files of the web page, which are part of the program. The raw value is the path.
enum PageFile: String, Hashable, CaseIterable {
    case index = "index.html"
    case script = "rondo.mjs"
    case style = "rondo.css"
    case icon = "icon.svg"

    private var bytes: [UInt8] {
        switch self {
        case .index: PackageResources.index_html
        case .script: PackageResources.rondo_mjs
        case .style: PackageResources.rondo_css
        case .icon: PackageResources.icon_svg
        }
    }

    private var contentType: String {
        switch self {
        case .index: "text/html; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        case .icon: "image/svg+xml"
        }
    }

    /// Scripts come from here alone; music, covers and the cluster's state come from any Router of the cluster, whose
    /// addresses change while the page is open.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' http: https:; \
        media-src 'self' http: https:; connect-src 'self' http: https:; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'
        """

    var response: Response {
        .bytes(
            bytes, contentType: contentType,
            headers: [
                "Cache-Control": "no-cache", "Content-Security-Policy": Self.policy, "Referrer-Policy": "no-referrer",
            ])
    }
}
