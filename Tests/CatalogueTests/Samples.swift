import Catalogue
import Crypto
import Model

/// A hash made of a number.
func hash(_ number: Int) -> ContentHash { SHA256.hash(Array("\(number)".utf8)) }

func stamp(_ wallMs: Int64, _ counter: UInt32 = 0, writer: UInt128 = 1) -> Stamp {
    Stamp(wallMs: wallMs, counter: counter, writer: ServerID(writer))
}

func content(_ number: Int, cover: Bool = false) -> SongContent {
    SongContent(
        sha256: hash(number), bytes: Int64(number) * 1_000, contentType: "audio/ogg", durationMs: 180_000, chunks: 20,
        manifest: hash(number + 1_000), manifestLength: 4_096,
        cover: cover ? Attachment(sha256: hash(-1), length: 512, contentType: "image/jpeg") : nil)
}

func song(_ title: String, content number: Int = 1, at stamp: Stamp = stamp(1_000)) -> SongEntry {
    let tags = SongTags(title: title, artist: "Artist", album: "Album", genre: "Folk", year: 1999, track: 3)
    return SongEntry(
        SongNames(tags, fileName: "x.ogg"), content: content(number), addedAtMs: stamp.wallMs, at: stamp)
}

/// A random history of one family: uploads, edits and deletes, each stamp used once.
func randomEntries(_ count: Int, using generator: inout SeededGenerator) -> [SongEntry] {
    (0..<count).map { index in
        let number = Int.random(in: 1...3, using: &generator)
        let first = stamp(Int64.random(in: 1...5, using: &generator), UInt32(index), writer: 7)
        var entry = song("Title", content: number, at: first)
        let later = stamp(Int64.random(in: 1...9, using: &generator), UInt32(index), writer: 9)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: entry = entry.edited(SongTags(title: "Title \(index)", year: 1980 + index), at: later)
        case 1: entry = entry.deleted(at: later)
        case 2: entry = entry.edited(SongTags(artist: "Artist \(index)"), at: later)
        default: entry.loudness = Loudness(hundredths: Int32(-1_000 - index))
        }
        return entry
    }
}
