internal import HTTP
internal import Model

/// What a path means. Only what stands here exists; nothing in a path is ever the name of a file.
enum Route: Hashable {
    case page(PageFile)
    case health, readiness, metrics
    case songs
    case song(SongID)
    case audio(SongID)
    case manifest(SongID)
    case chunk(SongID, Int)
    case fragment(SongID)
    case providers(SongID)
    case cover(SongID)
    case segments(SongID, SegmentPart)
    case artists, albums, genres
    case playlists
    case playlist(PlaylistID)
    case favourites
    case favourite(SongID)
    case cluster, clusterEvents

    /// - Throws: 404 `not_found`, `no_such_song` or `no_such_chunk`.
    init(_ segments: [String]) throws(APIError) {
        if segments.starts(with: ["api", "v1"]) {
            self = try Self.api(segments.dropFirst(2).map { $0 })
        } else {
            self = try Self.root(segments)
        }
    }

    private static let notFound = APIError(404, "not_found", "There is nothing at this address.")

    private static func root(_ segments: [String]) throws(APIError) -> Route {
        switch segments {
        case []: return .page(.index)
        case ["healthz"]: return .health
        case ["readyz"]: return .readiness
        case ["metrics"]: return .metrics
        default:
            guard segments.count == 1, let file = PageFile(rawValue: segments[0]) else { throw notFound }
            return .page(file)
        }
    }

    private static func api(_ segments: [String]) throws(APIError) -> Route {
        switch segments {
        case ["songs"]: return .songs
        case ["artists"]: return .artists
        case ["albums"]: return .albums
        case ["genres"]: return .genres
        case ["playlists"]: return .playlists
        case ["favourites"]: return .favourites
        case ["cluster"]: return .cluster
        case ["cluster", "events"]: return .clusterEvents
        default:
            guard segments.count >= 2 else { throw notFound }
            return try named(segments[0], segments[1], segments.dropFirst(2).map { $0 })
        }
    }

    private static func named(_ kind: String, _ name: String, _ rest: [String]) throws(APIError) -> Route {
        switch kind {
        case "songs":
            guard let id = SongID(name) else { throw APIError.noSuchSong }
            return try song(id, rest)
        case "favourites" where rest.isEmpty:
            guard let id = SongID(name) else { throw APIError.noSuchSong }
            return .favourite(id)
        case "playlists" where rest.isEmpty:
            guard let id = PlaylistID(name), id != .favourites else { throw APIError.noSuchPlaylist }
            return .playlist(id)
        default: throw notFound
        }
    }

    private static func song(_ id: SongID, _ rest: [String]) throws(APIError) -> Route {
        switch rest {
        case []: return .song(id)
        case ["audio"]: return .audio(id)
        case ["manifest"]: return .manifest(id)
        case ["fragment"]: return .fragment(id)
        case ["providers"]: return .providers(id)
        case ["cover"]: return .cover(id)
        default:
            if let part = SegmentPart(rest) { return .segments(id, part) }
            guard rest.count == 2, rest[0] == "chunks" else { throw notFound }
            guard rest[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(rest[1]) else {
                throw APIError.noSuchChunk
            }
            return .chunk(id, number)
        }
    }

    /// Whether every server answers it itself, whatever its role (the spec, §6).
    var isServedEverywhere: Bool {
        switch self {
        case .audio, .chunk, .cluster, .clusterEvents, .health, .readiness, .metrics: true
        default: false
        }
    }

    /// Whether it sends much of a song, so that a server over its limits does not take it on.
    var isStream: Bool {
        switch self {
        case .audio, .fragment, .segments: true
        default: false
        }
    }

    /// The methods it knows, as `Allow` lists them.
    var methods: [String] {
        switch self {
        case .songs, .playlists: ["GET", "HEAD", "OPTIONS", "POST"]
        case .song, .playlist: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"]
        case .favourite: ["DELETE", "OPTIONS", "PUT"]
        default: ["GET", "HEAD", "OPTIONS"]
        }
    }
}

extension APIError {
    static let noSuchPlaylist = APIError(404, "no_such_playlist", "There is no playlist with this id.")
    static let noSuchChunk = APIError(404, "no_such_chunk", "The song has no chunk of this number.")
}
