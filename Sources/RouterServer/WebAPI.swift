internal import Crypto
package import HTTP
package import Model
package import Platform
package import WebServer

/// The HTTP API of the spec, §6, and the web page: what a `WebServer` answers on a ring server, whatever its role.
@Loop
package final class WebAPI {
    /// What an operator decides about the API.
    package struct Settings: Sendable {
        /// Bytes of an uploaded file at most; 1 GiB by default.
        package var uploadLimit: Int64 = 1 << 30
        /// What `--write-token` holds: writes then need it as `Authorization: Bearer`.
        package var writeToken: String?
        /// How often an event stream without news says that it is alive.
        package var eventHeartbeat: Duration = .seconds(15)

        package init() {}
    }

    private let metadata: any MetadataStore
    private let source: any SongSource
    private let uploads: any SongUploads
    private let edits: any SongEdits
    private let cluster: any ClusterView
    private let clock: any Clock
    private let log: Logger
    private let settings: Settings
    private let shelf: SegmentShelf
    private let unmeasured: @Loop (SongEntry) -> Void
    private let prepared: PreparedSongs
    private let page = PageShelf()

    /// - Parameter unmeasured: is told of a song that is played and of which nobody knows how loud it is.
    package init(
        metadata: any MetadataStore, source: any SongSource, uploads: any SongUploads, edits: any SongEdits,
        cluster: any ClusterView, clock: any Clock, log: Logger, settings: Settings = Settings(),
        renditions: (any SongRenditions)? = nil, unmeasured: @escaping @Loop (SongEntry) -> Void = { _ in }
    ) {
        self.metadata = metadata
        self.source = source
        self.uploads = uploads
        self.edits = edits
        self.cluster = cluster
        self.clock = clock
        self.log = log
        self.settings = settings
        self.unmeasured = unmeasured
        shelf = SegmentShelf(source: source, renditions: renditions)
        prepared = PreparedSongs(metadata)
    }

    /// The answer to a plain GET that is known already; the shortcut of a `WebServer`.
    package func preparedAnswer(to head: RequestHead) -> PreparedAnswer? {
        guard cluster.servesListeners else { return nil }
        return prepared.answer(to: head.target) { source.isAvailable($0) }
    }

    /// Answers one request; the handler of a `WebServer`.
    package func answer(_ request: Request, _ body: RequestBody) async -> Response {
        do {
            let route = try Route(request.target.segments)
            guard route.methods.contains(request.method) else { return Self.wrongMethod(route) }
            if request.method == "OPTIONS" { return Response(status: 204, headers: Self.allow(route)) }
            let host = request.headers["Host"]
            if !route.isServedEverywhere, !cluster.servesListeners {
                return try redirect(request, to: cluster.otherRouters(forHost: host).first, orElse: .noRouter)
            }
            if route.isStream, !cluster.hasRoom {
                return try redirect(request, to: cluster.routersWithRoom(forHost: host).first, orElse: .tooManyStreams)
            }
            return try await answer(route, request, body)
        } catch {
            let error = failure(error)
            return .failure(error, headers: error.status == 401 ? ["WWW-Authenticate": "Bearer"] : [:])
        }
    }

    /// Whether a page of this origin belongs to a server of the cluster, so that it may write. A page outlives the
    /// server that served it, and goes on with the others.
    package func isMemberOrigin(_ origin: String) -> Bool {
        let hosts = cluster.status.members.lazy.flatMap { ["\($0.address):\($0.httpPort)", $0.publicHttp] }
        return hosts.contains { Self.isOrigin(origin, of: $0) }
            || cluster.goneHosts.contains { Self.isOrigin(origin, of: $0) }
    }

    /// Browsers leave a scheme's own port out (RFC 6454 §6.1).
    private static func isOrigin(_ origin: String, of host: String) -> Bool {
        origin == "http://\(host)" || origin == "https://\(host)" || "\(origin):80" == "http://\(host)"
            || "\(origin):443" == "https://\(host)"
    }

    private func answer(_ route: Route, _ request: Request, _ body: RequestBody) async throws -> Response {
        switch route {
        case .page(let file): return page.response(file, to: request)
        case .health: return .json(["status": "ok"], headers: ["Cache-Control": "no-store"])
        case .readiness: return readiness
        case .metrics:
            return .bytes(Array(cluster.metricsText.utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
        case .cluster: return .json(cluster.status, headers: ["Cache-Control": "no-store"])
        case .clusterEvents: return events(request)
        case .songs: return try await request.method == "POST" ? upload(request, body) : list(request)
        case .artists: return try await groups(.artist, "artists", request)
        case .albums: return try await groups(.album, "albums", request)
        case .genres: return try await groups(.genre, "genres", request)
        case .playlists, .playlist, .favourites, .favourite:
            if !["GET", "HEAD"].contains(request.method) { try checkWriteToken(request) }
            return try await PlaylistAnswers(
                metadata: metadata, source: source, edits: edits, clock: clock, request: request, body: body
            ).answer(route)
        case .song(let id): return try await song(id, request, body)
        case .audio(let id):
            return try await MusicAnswers(source: source, request: request, entry: try await heard(id)).audio()
        case .manifest(let id): return try await music(id, request).manifest()
        case .chunk(let id, let number): return try await music(id, request).chunk(number)
        case .fragment(let id): return try await music(id, request).fragment()
        case .providers(let id): return try await music(id, request).providers()
        case .cover(let id): return try await music(id, request).cover()
        case .segments(let id, let part):
            return try await SegmentAnswers(
                source: source, shelf: shelf, request: request, entry: try await heard(id)
            ).answer(part)
        }
    }

    private func music(_ id: SongID, _ request: Request) async throws -> MusicAnswers {
        MusicAnswers(source: source, request: request, entry: try await entry(id))
    }

    private func heard(_ id: SongID) async throws -> SongEntry {
        let entry = try await entry(id)
        if entry.loudness == nil { unmeasured(entry) }
        return entry
    }

    private func entry(_ id: SongID) async throws -> SongEntry {
        if let entry = try await metadata.entry(id), entry.alive.value { return entry }
        throw unknownSong
    }

    /// What is not in the catalogue may be in what this server has still to fetch.
    private var unknownSong: APIError { cluster.knowsAllSongs ? .noSuchSong : .catalogueIncomplete }

    private func song(_ id: SongID, _ request: Request, _ body: RequestBody) async throws -> Response {
        switch request.method {
        case "PATCH":
            try checkWriteToken(request)
            let tags = try await PatchReader.tags(request, body)
            _ = try await entry(id)
            let changed = try await edits.edit(id, tags)
            return record(of: changed.entry, headers: ["X-Rondo-Replicas": String(changed.replicas)])
        case "DELETE":
            try checkWriteToken(request)
            guard try await metadata.entry(id) != nil else { throw unknownSong }
            let deleted = try await edits.delete(id)
            return Response(status: 204, headers: ["X-Rondo-Replicas": String(deleted.replicas)])
        default:
            let count = metadata.changeCount
            let entry = try await entry(id)
            let response = record(of: entry)
            prepared.keep(
                response, of: entry.id, isAvailable: source.isAvailable(entry.id), for: request.head.target, at: count)
            return response
        }
    }

    private func record(of entry: SongEntry, headers: Headers = [:]) -> Response {
        .json(SongRecord(entry, isAvailable: source.isAvailable(entry.id)), headers: headers)
    }

    private func list(_ request: Request) async throws -> Response {
        let page = try await metadata.page(try QueryReader(request.target.query).songQuery())
        let records = page.songs.map { SongRecord($0, isAvailable: source.isAvailable($0.id)) }
        return .json(SongListBody(songs: records, total: page.total, next: page.next))
    }

    private func groups(_ kind: SongGroup.Kind, _ name: String, _ request: Request) async throws -> Response {
        let (limit, cursor) = try QueryReader(request.target.query).groupQuery()
        do throws(StoreError) {
            let page = try await metadata.groups(kind, limit: limit, cursor: cursor)
            return .json(GroupListBody(name: name, groups: page.groups, next: page.next))
        } catch {
            throw error == .missing ? QueryReader.bad("cursor", "must be the next of a page of \(name)") : error
        }
    }

    private func upload(_ request: Request, _ body: RequestBody) async throws -> Response {
        try checkWriteToken(request)
        let reader = UploadReader(uploads: uploads, limit: settings.uploadLimit)
        switch await reader.outcome(request, body) {
        case .created(let entry, let replicas): return stored(entry, replicas, status: 201)
        case .existing(let entry, let replicas): return stored(entry, replicas, status: 200)
        case .refused(let error): return .failure(error)
        case .collision(let other):
            return .failure(
                APIError(
                    409, "collision",
                    """
                    A song with this title, artist and album and other bytes is here already, \(other.id): \
                    “\(other.title.value)” by \(other.artist.value) on “\(other.album.value)”. \
                    Give this one another title or album.
                    """),
                headers: ["Location": "/api/v1/songs/\(other.id)"])
        }
    }

    private func stored(_ entry: SongEntry, _ replicas: Int, status: Int) -> Response {
        .json(
            SongRecord(entry, isAvailable: true), status: status,
            headers: ["Location": "/api/v1/songs/\(entry.id)", "X-Rondo-Replicas": String(replicas)])
    }

    private func checkWriteToken(_ request: Request) throws(APIError) {
        guard let token = settings.writeToken else { return }
        let given = request.headers["Authorization"] ?? ""
        // Digests: how long a comparison takes then says nothing about the token.
        if SHA256.hash(Array("Bearer \(token)".utf8)) != SHA256.hash(Array(given.utf8)) {
            throw APIError(
                401, "write_token_needed", "Changing this library needs its write token: Authorization: Bearer TOKEN.")
        }
    }

    private var readiness: Response {
        let reasons = cluster.unreadiness
        guard !reasons.isEmpty else { return .json(["status": "ready"], headers: ["Cache-Control": "no-store"]) }
        return .failure(
            APIError(503, "not_ready", "This server is not ready: \(reasons.joined(separator: "; ")).", retryAfter: 1))
    }

    /// The cluster's state now, and again whenever it changes, for as long as somebody listens; and what happened in
    /// the ring, for those who come anew what happened last.
    private func events(_ request: Request) -> Response {
        let (cluster, clock, heartbeat) = (cluster, clock, settings.eventHeartbeat)
        // A browser that comes back says what it had last (HTML, 9.2.4); a number of the process before means nothing.
        let told = request.headers["Last-Event-ID"].flatMap { UInt64($0) } ?? 0
        return Response(
            status: 200, headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-store"],
            body: .events { writer in
                var (last, shown) = (told > cluster.events.last ? 0 : told, [UInt8]())
                while true {
                    let version = cluster.changes.version
                    let json = try JSONText.encode(cluster.status)
                    if json != shown {
                        shown = json
                        try await writer.write(Array("data: ".utf8) + json + Array("\n\n".utf8))
                    }
                    let frames = cluster.events.frames(after: last)
                    last = cluster.events.last
                    if !frames.isEmpty { try await writer.write(frames) }
                    while await cluster.changes.wait(beyond: version, until: clock.now + heartbeat) <= version {
                        try await writer.write(Array(": still here\n\n".utf8))
                    }
                }
            })
    }

    /// A Data server sends listeners to a Router, and a Router that has enough of them to another one, method and body
    /// included (RFC 9110 §15.4.8).
    private func redirect(
        _ request: Request, to router: String?, orElse refusal: APIError
    ) throws(APIError) -> Response {
        guard let router else { throw refusal }
        return Response(
            status: 307, headers: ["Location": "http://\(router)\(request.head.target)", "Cache-Control": "no-store"])
    }

    private static func allow(_ route: Route) -> Headers { ["Allow": route.methods.joined(separator: ", ")] }

    private static func wrongMethod(_ route: Route) -> Response {
        .failure(
            APIError(405, "wrong_method", "This address knows \(route.methods.joined(separator: ", ")) only."),
            headers: allow(route))
    }

    private func failure(_ error: any Error) -> APIError {
        if let error = error as? APIError { return error }
        log.error("a request failed", ["error": String(describing: error)])
        return APIError(500, "internal", "The server could not answer; its log says why.")
    }
}

extension APIError {
    fileprivate static let tooManyStreams = APIError(
        503, "too_many_streams", "All Routers send as many songs as they may; try again.", retryAfter: 2)

    fileprivate static let catalogueIncomplete = APIError(
        503, "catalogue_incomplete", "This server is still fetching what it missed; try again.", retryAfter: 1)
}
