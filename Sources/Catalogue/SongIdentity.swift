internal import Crypto
package import Model

/// The ids of songs, albums, artists and genres: the first 128 bits of a SHA-256 over their normalised names (the spec,
/// §5).
///
/// What is hashed begins with one byte for the kind; then each field follows as its length in 4 big-endian bytes and
/// its UTF-8, so that no two lists of fields spell the same bytes.
package enum SongIdentity {
    private enum Kind: UInt8 {
        case song = 1
        case artist, album, genre, collision
    }

    /// The id of a song of that title, artist and album.
    package static func id(title: String, artist: String, album: String) -> SongID {
        hash(.song, [title, artist, album].map(normalised))
    }

    /// The id of an artist.
    package static func artistID(_ name: String) -> SongID { hash(.artist, [normalised(name)]) }

    /// The id of an album; two artists' albums of one name are two albums.
    package static func albumID(_ name: String, artist: String) -> SongID {
        hash(.album, [name, artist].map(normalised))
    }

    /// The id of a genre.
    package static func genreID(_ name: String) -> SongID { hash(.genre, [normalised(name)]) }

    /// The id of a song that shares its names with an earlier one.
    ///
    /// It is made of the shared id, itself the hash of the names, and of the original's hash: names may be edited on
    /// one side of a partition, and both sides must still come to the same id.
    package static func collisionID(of shared: SongID, sha256: ContentHash) -> SongID {
        hash(.collision, [bigEndian(shared.value), sha256.bytes])
    }

    private static func normalised(_ text: String) -> [UInt8] { Array(CatalogueText.identity(text).utf8) }

    private static func bigEndian(_ value: UInt128) -> [UInt8] {
        (0..<16).map { UInt8(truncatingIfNeeded: value >> (120 - 8 * UInt128($0))) }
    }

    private static func hash(_ kind: Kind, _ fields: [[UInt8]]) -> SongID {
        var message = [kind.rawValue]
        for field in fields {
            let length = UInt32(truncatingIfNeeded: field.count)
            message += (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
            message += field
        }
        return SongID(SHA256.hash(message).position)
    }
}
