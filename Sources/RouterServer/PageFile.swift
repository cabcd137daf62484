/// The files of the web page, which are part of the program. The raw value is the path.
enum PageFile: String, Hashable, CaseIterable {
    case index = "index.html"
    case frameStyle = "rondo.css"
    case viewsStyle = "views.css"
    case icon = "icon.svg"
    case manifest = "rondo.webmanifest"
    case worker = "worker.mjs"
    case page = "rondo.mjs"
    case bar = "bar.mjs"
    case dom = "dom.mjs"
    case format = "format.mjs"
    case groupsview = "groupsview.mjs"
    case keys = "keys.mjs"
    case library = "library.mjs"
    case listsview = "listsview.mjs"
    case menu = "menu.mjs"
    case plain = "plain.mjs"
    case player = "player.mjs"
    case queue = "queue.mjs"
    case queueview = "queueview.mjs"
    case ringdraw = "ringdraw.mjs"
    case ringlog = "ringlog.mjs"
    case ringstate = "ringstate.mjs"
    case ringview = "ringview.mjs"
    case routers = "routers.mjs"
    case rows = "rows.mjs"
    case songlist = "songlist.mjs"
    case songrows = "songrows.mjs"
    case songsview = "songsview.mjs"
    case start = "start.mjs"
    case timeline = "timeline.mjs"
    case track = "track.mjs"
    case transfer = "transfer.mjs"
    case uploads = "uploads.mjs"
    case uploadview = "uploadview.mjs"
    case words = "words.mjs"

    var bytes: [UInt8] {
        switch self {
        case .index: PackageResources.index_html
        case .frameStyle: PackageResources.rondo_css
        case .viewsStyle: PackageResources.views_css
        case .icon: PackageResources.icon_svg
        case .manifest: PackageResources.rondo_webmanifest
        case .worker: PackageResources.worker_mjs
        case .page: PackageResources.rondo_mjs
        case .bar: PackageResources.bar_mjs
        case .dom: PackageResources.dom_mjs
        case .format: PackageResources.format_mjs
        case .groupsview: PackageResources.groupsview_mjs
        case .keys: PackageResources.keys_mjs
        case .library: PackageResources.library_mjs
        case .listsview: PackageResources.listsview_mjs
        case .menu: PackageResources.menu_mjs
        case .plain: PackageResources.plain_mjs
        case .player: PackageResources.player_mjs
        case .queue: PackageResources.queue_mjs
        case .queueview: PackageResources.queueview_mjs
        case .ringdraw: PackageResources.ringdraw_mjs
        case .ringlog: PackageResources.ringlog_mjs
        case .ringstate: PackageResources.ringstate_mjs
        case .ringview: PackageResources.ringview_mjs
        case .routers: PackageResources.routers_mjs
        case .rows: PackageResources.rows_mjs
        case .songlist: PackageResources.songlist_mjs
        case .songrows: PackageResources.songrows_mjs
        case .songsview: PackageResources.songsview_mjs
        case .start: PackageResources.start_mjs
        case .timeline: PackageResources.timeline_mjs
        case .track: PackageResources.track_mjs
        case .transfer: PackageResources.transfer_mjs
        case .uploads: PackageResources.uploads_mjs
        case .uploadview: PackageResources.uploadview_mjs
        case .words: PackageResources.words_mjs
        }
    }

    var contentType: String {
        switch rawValue.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "webmanifest": "application/manifest+json"
        default: "text/javascript; charset=utf-8"
        }
    }
}
