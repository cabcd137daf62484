import FoundationEssentials
import Model

/// A song as the API shows it (the spec, §6).
struct Song: Hashable, Sendable, Decodable {
    var id: SongID
    var title: String
    var artist: String
    var album: String
    var genre: String?
    var durationMs: Int64
    var bytes: Int64
    var contentType: String
    var sha256: ContentHash
    var available: Bool?

    /// `Artist - Title`, as people name files.
    var name: String { "\(artist) - \(title)" }

    /// A name for a file of its own: the usual ending, and nothing in it that a file system reads as its own.
    var fileName: String {
        let safe = name.map { character in
            character == "/" || character == "\\" || character.isNewline || character == "\0" ? "_" : character
        }
        return String(String(safe).prefix(120)) + "." + fileExtension
    }

    private var fileExtension: String {
        switch contentType {
        case "audio/mpeg": "mp3"
        case "audio/flac": "flac"
        case "audio/ogg": "ogg"
        case "audio/mp4": "m4a"
        case "audio/aac": "aac"
        case "audio/wav", "audio/x-wav", "audio/vnd.wave": "wav"
        case "audio/aiff", "audio/x-aiff": "aiff"
        default: "audio"
        }
    }
}

/// A page of a list or search.
struct SongListPage: Sendable, Decodable {
    var songs: [Song]
    var total: Int
    var next: String?
}
