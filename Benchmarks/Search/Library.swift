import Catalogue
import Crypto
import Model
import Wire

/// A made-up library, as large and as uneven as real ones: a few artists with hundreds of songs and many with one
/// album.
struct Library {
    private let vocabulary: Vocabulary
    private let genres: [String]
    private let genreSums: [Double]
    private var generator: SeededGenerator
    private var next = 0
    private let manifest: SongContent

    /// The album that is being filled.
    private var artist = ""
    private var album = ""
    private var genre = ""
    private var year = 2000
    private var track = 0
    private var tracks = 0
    private var albumsLeft = 0

    /// When the first song is added, in milliseconds since 1970; the others follow, about a minute apart.
    private static let begin: Int64 = 1_500_000_000_000
    private static let writer = ServerID(1)

    /// - Parameter content: what all songs have; each gets a hash of its own.
    init(seed: UInt64, content: SongContent) {
        var generator = SeededGenerator(seed: seed)
        vocabulary = Vocabulary(200_000, using: &generator)
        let vocabulary = vocabulary
        genres =
            ["Rock", "Pop", "Electronic", "Jazz", "Hip-Hop/Rap", "R&B", "Classical", "Metal", "Folk", "Soundtrack", ""]
            + (0..<300).map { _ in vocabulary.rareWord(using: &generator) + " Rock" }
        var sum = 0.0
        genreSums = genres.indices.map { index in
            sum += 1 / Double(index + 1)
            return sum
        }
        self.generator = generator
        manifest = content
    }

    mutating func song() -> SongEntry {
        if track == tracks { beginAlbum() }
        track += 1
        next += 1
        let tags = SongTags(title: title(), artist: artist, album: album, genre: genre, year: year, track: track)
        var content = manifest
        var bytes: [UInt8] = Array("song".utf8)
        bytes.append(bigEndian: UInt64(next))
        content.sha256 = SHA256.hash(bytes)
        content.durationMs = Int64.random(in: 90_000...420_000, using: &generator)
        let time = Self.begin + Int64(next) * 60_000 + Int64.random(in: -3_600_000...3_600_000, using: &generator)
        return SongEntry(
            SongNames(tags, fileName: ""), content: content, addedAtMs: time,
            at: Stamp(wallMs: time, counter: 0, writer: Self.writer))
    }

    /// Half of all titles say that they are remastered.
    private mutating func title() -> String {
        let words = phrase(1...5)
        return Bool.random(using: &generator) ? words : words + " (Remastered)"
    }

    private mutating func beginAlbum() {
        if albumsLeft == 0 {
            let isBand = Int.random(in: 0..<4, using: &generator) == 0
            artist = (isBand ? "The " : "") + phrase(isBand ? 1...2 : 1...3)
            // Most have one album, one in a hundred has fifty.
            albumsLeft = max(1, min(50, Int(0.5 / Double.random(in: 0.01..<1, using: &generator))))
        }
        albumsLeft -= 1
        album = phrase(1...4)
        genre =
            genres[
                Vocabulary.place(Double.random(in: 0..<(genreSums.last ?? 1), using: &generator), in: genreSums)]
        year = Int.random(in: 1960...2025, using: &generator)
        track = 0
        tracks = Int.random(in: 6...16, using: &generator)
    }

    private mutating func phrase(_ lengths: ClosedRange<Int>) -> String {
        let words = (0..<Int.random(in: lengths, using: &generator)).map { _ in
            let isRare = Int.random(in: 0..<5, using: &generator) == 0
            return isRare ? vocabulary.rareWord(using: &generator) : vocabulary.word(using: &generator)
        }
        return words.joined(separator: " ")
    }
}
