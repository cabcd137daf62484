internal import Catalogue
internal import Crypto
internal import HTTP
internal import Model
internal import Platform
internal import WebServer

/// Playlists and favourites, which every listener of a cluster shares.
@Loop
struct PlaylistAnswers {
    /// Playlists in a cluster, and items in one of them: what one message between servers holds.
    private static let maximumPlaylists = 1_000
    private static let maximumItems = 5_000
    private static let maximumBody = 512 << 10

    let metadata: any MetadataStore
    let source: any SongSource
    let edits: any SongEdits
    let clock: any Clock
    let request: Request
    let body: RequestBody

    func answer(_ route: Route) async throws -> Response {
        switch (route, request.method) {
        case (.playlists, "POST"): return try await create()
        case (.playlists, _): return .json(PlaylistListBody(try await metadata.playlists()))
        case (.playlist(let id), "PATCH"): return try await change(id)
        case (.playlist(let id), "DELETE"): return try await delete(id)
        case (.playlist(let id), _): return try await show(id)
        case (.favourite(let song), "PUT"): return try await favour(song)
        case (.favourite(let song), _): return try await disfavour(song)
        default: return .json(FavouritesBody(songs: try await favourites()))
        }
    }

    // MARK: Playlists

    private func create() async throws -> Response {
        let patch = try await patch()
        guard let name = CatalogueText.clean(patch.name) else { throw Self.bad("name", "must not be empty") }
        guard try await metadata.playlists().count < Self.maximumPlaylists else { throw Self.tooMany("playlists") }
        var generator = SystemKeyGenerator()
        let id = PlaylistID.random(using: &generator)
        let contents = [PlaylistContent(id, .name(name))] + (try await added(patch.added, to: PlaylistItems([]), id))
        let replicas = try await edits.write(contents)
        return try await show(id, status: 201, replicas: replicas)
    }

    private func change(_ id: PlaylistID) async throws -> Response {
        let patch = try await patch()
        let before = try await existing(id)
        var contents: [PlaylistContent] = []
        if patch.name != nil {
            guard let name = CatalogueText.clean(patch.name) else { throw Self.bad("name", "must not be empty") }
            if name != before.name { contents.append(PlaylistContent(id, .name(name))) }
        }
        let gone = Set(patch.remove ?? [])
        if let order = patch.order {
            contents += before.moved(to: order).filter { !gone.contains($0.id) }.map { $0.content(in: id) }
        }
        contents += before.items.filter { gone.contains($0.id) }.map { PlaylistContent(id, item: $0.id, nil) }
        contents += try await added(patch.added, to: before, id)
        let replicas = contents.isEmpty ? nil : try await edits.write(contents)
        return try await show(id, replicas: replicas)
    }

    private func delete(_ id: PlaylistID) async throws -> Response {
        // Once more where it is deleted already: the first answer may have been lost, and more servers are told.
        guard try await !metadata.playlist(id).isEmpty else { throw APIError.noSuchPlaylist }
        let replicas = try await edits.write([PlaylistContent(id, nil)])
        return Response(status: 204, headers: ["X-Rondo-Replicas": String(replicas)])
    }

    private func show(_ id: PlaylistID, status: Int = 200, replicas: Int? = nil) async throws -> Response {
        let playlist = try await existing(id)
        let songs = try await metadata.entries(of: playlist.items.map(\.song))
        let lines = zip(playlist.items, songs).compactMap { item, entry -> PlaylistBody.Line? in
            guard let entry, entry.alive.value else { return nil }
            return PlaylistBody.Line(
                item: item.id, song: SongRecord(entry, isAvailable: source.isAvailable(entry.id)))
        }
        let body = PlaylistBody(
            id: id, name: playlist.name ?? "", changedAt: CalendarDate(wallMs: playlist.changedAtMs).iso8601,
            items: lines)
        var headers: Headers = [:]
        if let replicas { headers["X-Rondo-Replicas"] = String(replicas) }
        if status == 201 { headers["Location"] = "/api/v1/playlists/\(id)" }
        return .json(body, status: status, headers: headers)
    }

    private func existing(_ id: PlaylistID) async throws -> PlaylistItems {
        let playlist = PlaylistItems(try await metadata.playlist(id))
        guard playlist.name != nil else { throw APIError.noSuchPlaylist }
        return playlist
    }

    private func added(
        _ songs: [SongID], to playlist: PlaylistItems, _ id: PlaylistID
    ) async throws -> [PlaylistContent] {
        guard playlist.items.count + songs.count <= Self.maximumItems else { throw Self.tooMany("songs in a playlist") }
        let entries = try await metadata.entries(of: songs)
        guard entries.allSatisfy({ $0?.alive.value == true }) else { throw APIError.noSuchSong }
        var generator = SystemKeyGenerator()
        return playlist.appended(songs, using: &generator).map { $0.content(in: id) }
    }

    private func patch() async throws -> PlaylistPatch {
        try await JSONBody.read(
            PlaylistPatch.self, request, body, atMost: Self.maximumBody,
            orElse: APIError(
                400, "bad_playlist",
                #"The body must be a JSON object such as {"name": "Evening", "add": [SONG IDS]}; "#
                    + "order and remove hold ids of items."))
    }

    // MARK: Favourites

    /// The last one first.
    private func favourites() async throws -> [SongID] {
        let items = PlaylistItems(try await metadata.playlist(.favourites)).items
        let songs = try await metadata.entries(of: items.map(\.song))
        return zip(items, songs).filter { $1?.alive.value == true }.map(\.0.song).reversed()
    }

    private func favour(_ song: SongID) async throws -> Response {
        guard try await metadata.entry(song)?.alive.value == true else { throw APIError.noSuchSong }
        let known = PlaylistItems(try await metadata.playlist(.favourites)).items
        guard known.count < Self.maximumItems || known.contains(where: { $0.song == song }) else {
            throw Self.tooMany("favourites")
        }
        return try await write(song, .song(song, position: clock.wallMs))
    }

    private func disfavour(_ song: SongID) async throws -> Response { try await write(song, nil) }

    /// A favourite's item bears the song's own id, so that liked twice, on two sides of a partition, is liked once.
    private func write(_ song: SongID, _ content: PlaylistEntry.Content?) async throws -> Response {
        let item = PlaylistContent(.favourites, item: PlaylistID(song.value), content)
        let replicas = try await edits.write([item])
        return Response(status: 204, headers: ["X-Rondo-Replicas": String(replicas)])
    }

    private static func bad(_ field: String, _ what: String) -> APIError {
        APIError(400, "bad_field", "The field \(field) \(what).")
    }

    private static func tooMany(_ what: String) -> APIError {
        APIError(422, "too_many", "There are as many \(what) as there may be; take some away first.")
    }
}

extension PlaylistItems.Item {
    fileprivate func content(in playlist: PlaylistID) -> PlaylistContent {
        PlaylistContent(playlist, item: id, .song(song, position: position))
    }
}
