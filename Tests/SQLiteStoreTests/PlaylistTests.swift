import Catalogue
import Model
import Platform
import SQLiteStore
import Testing
import TestTools

struct PlaylistTests {
    private let evening = PlaylistID(7)

    private func name(_ name: String?, at wallMs: Int64, writer: UInt128 = 1) -> PlaylistEntry {
        PlaylistEntry(
            playlist: evening, item: nil,
            content: Stamped(
                name.map(PlaylistEntry.Content.name), at: Stamp(wallMs: wallMs, counter: 0, writer: ServerID(writer))))
    }

    private func item(_ number: UInt128, _ song: SongID?, _ position: Int64 = 1, at wallMs: Int64) -> PlaylistEntry {
        PlaylistEntry(
            playlist: evening, item: PlaylistID(number),
            content: Stamped(song.map { .song($0, position: position) }, at: stamp(wallMs)))
    }

    @Test func `what is written on two sides is one playlist afterwards, whichever side hears of the other first`()
        async throws
    {
        let folder = try TemporaryFolder()
        let left = try await openStore(folder, server: ServerID(1), file: "left.db")
        let right = try await openStore(folder, server: ServerID(2), file: "right.db")
        let (one, two) = (song("One", content: 1), song("Two", content: 2))
        try await left.add(one)
        try await left.add(two)
        _ = try await left.write([name("Evening", at: 1_000), item(1, one.id, at: 1_001)])
        _ = try await right.apply(left.records(after: right.vector(), limit: 100))
        // Apart: one side renames and takes out, the other adds and renames later.
        _ = try await left.write([name("Night", at: 2_000), item(1, nil, at: 2_000)])
        _ = try await right.write([item(2, two.id, at: 1_500), name("Dusk", at: 3_000, writer: 2)])
        _ = try await left.apply(right.records(after: left.vector(), limit: 100))
        _ = try await right.apply(left.records(after: right.vector(), limit: 100))
        let all = try await left.playlist(evening)
        #expect(all == (try await right.playlist(evening)))
        #expect(all.map(\.content.value) == [.name("Dusk"), nil, .song(two.id, position: 1)])
        #expect(try await left.vector() == right.vector())
        let summary = try await right.playlists()
        #expect(summary == [PlaylistSummary(id: evening, name: "Dusk", songs: 1, changedAtMs: 3_000)])
    }

    @Test func `songs and playlists go through one log in the order of their changes`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        try await store.add(song("One"))
        _ = try await store.write([name("Evening", at: 1_000)])
        try await store.add(song("Two", content: 2))
        let records = try await store.records(after: VersionVector(), limit: 100)
        #expect(records.map(\.sequence) == [1, 2, 3])
        guard case .playlist(let entry) = records[1].change else { return #expect(Bool(false), "\(records[1])") }
        #expect(entry == name("Evening", at: 1_000))
        #expect(try await store.highestStamp() == stamp(1_000))
    }

    @Test func `a deleted playlist is listed no more, and a song that is deleted does not count in one`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        let one = song("One")
        try await store.add(one)
        _ = try await store.write([name("Evening", at: 1_000), item(1, one.id, at: 1_000), item(2, one.id, at: 1_000)])
        #expect(try await store.playlists().map(\.songs) == [2])
        _ = try await store.change(one.id) { $0?.deleted(at: stamp(2_000)) }
        #expect(try await store.playlists().map(\.songs) == [0])
        _ = try await store.write([name(nil, at: 3_000)])
        #expect(try await store.playlists().isEmpty)
        // An older name that comes late brings nothing back.
        _ = try await store.write([name("Evening", at: 1_500)])
        #expect(try await store.playlists().isEmpty)
    }

    @Test func `playlists are there after the store was closed, and an album shows a cover and a year`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        _ = try await store.write([name("Evening", at: 1_000)])
        var (plain, illustrated) = (song("One"), song("Two", content: 2))
        illustrated.content.value.cover = Attachment(sha256: hash(9), length: 10, contentType: "image/png")
        plain.year.value = 1999
        try await store.add(plain)
        try await store.add(illustrated)
        let album = try #require(try await store.groups(.album).first)
        #expect(album.cover == illustrated.id && album.year == 1999)
        #expect(try await store.groups(.artist).first?.cover == nil)
        await store.close()
        #expect(try await openStore(folder).playlists().map(\.name) == ["Evening"])
    }
}
