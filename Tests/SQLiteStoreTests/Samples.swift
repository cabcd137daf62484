import Catalogue
import Crypto
import FoundationEssentials
import Linux
import Model
import Platform
import SQLiteStore
import TestTools

let server = ServerID(1)

func openStore(_ folder: TemporaryFolder, server: ServerID = server, file: String = "catalogue.db") async throws
    -> SQLiteStore
{
    try await SQLiteStore.open(
        path: "\(folder.path)/\(file)", server: server, writing: BlockingPool(name: "write", threads: 1),
        reading: BlockingPool(name: "read", threads: 1))
}

func hash(_ number: Int) -> ContentHash { SHA256.hash(Array("\(number)".utf8)) }

func stamp(_ wallMs: Int64, _ counter: UInt32 = 0) -> Stamp { Stamp(wallMs: wallMs, counter: counter, writer: server) }

func song(
    _ title: String, _ artist: String = "Artist", _ album: String = "Album", genre: String = "Folk", track: Int? = nil,
    content number: Int = 1, at stamp: Stamp = stamp(1_000)
) -> SongEntry {
    let content = SongContent(
        sha256: hash(number), bytes: 1_000, contentType: "audio/ogg", durationMs: 180_000, chunks: 20,
        manifest: hash(-number), manifestLength: 4_096, cover: nil)
    let tags = SongTags(title: title, artist: artist, album: album, genre: genre, track: track)
    return SongEntry(SongNames(tags, fileName: ""), content: content, addedAtMs: stamp.wallMs, at: stamp)
}

extension SQLiteStore {
    @discardableResult
    func add(_ song: SongEntry) async throws -> SongChange? { try await change(song.id) { _ in song } }

    func groups(_ kind: SongGroup.Kind) async throws -> [SongGroup] {
        try await groups(kind, limit: 500, cursor: nil).groups
    }

    func titles(_ query: SongQuery) async throws -> [String] { try await page(query).songs.map(\.title.value) }
    func titles(_ words: String) async throws -> [String] { try await titles(SongQuery(words: words)) }
}
