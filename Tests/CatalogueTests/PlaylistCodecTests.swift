import Catalogue
import Model
import Testing

struct PlaylistCodecTests {
    private let entries = [
        PlaylistEntry(playlist: PlaylistID(1), item: nil, content: Stamped(.name("Für den Abend"), at: stamp(1_000))),
        PlaylistEntry(playlist: .favourites, item: nil, content: Stamped(nil, at: stamp(1_000))),
        PlaylistEntry(
            playlist: PlaylistID(.max), item: PlaylistID(3),
            content: Stamped(.song(SongID(9), position: -5), at: stamp(1_000, 2, writer: .max))),
        PlaylistEntry(playlist: PlaylistID(2), item: PlaylistID(3), content: Stamped(nil, at: stamp(-1))),
    ]

    @Test func `a playlist's register is read as it was written, and never as a song`() {
        for entry in entries {
            let bytes = PlaylistCodec.encode(entry)
            #expect(ChangeCodec.decode(bytes) == .playlist(entry))
            #expect(EntryCodec.decode(bytes) == nil)
            for length in 0..<bytes.count { #expect(PlaylistCodec.decode(Array(bytes.prefix(length))) == nil) }
            #expect(PlaylistCodec.decode(bytes + [0]) == nil)
        }
        let song = song("A song")
        #expect(ChangeCodec.decode(EntryCodec.encode(song)) == .song(song))
    }

    @Test func `a name where a song belongs is no register`() {
        var named = entries[0]
        named.item = PlaylistID(4)
        #expect(PlaylistCodec.decode(PlaylistCodec.encode(named)) == nil)
        var song = entries[2]
        song.item = nil
        #expect(PlaylistCodec.decode(PlaylistCodec.encode(song)) == nil)
    }

    @Test func `random bytes never end the reader`() {
        var generator = SeededGenerator(seed: 4)
        for number in 0..<5_000 {
            var changed = PlaylistCodec.encode(entries[number % entries.count])
            for _ in 0..<3 {
                changed[Int.random(in: 0..<changed.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = ChangeCodec.decode(changed)
        }
    }
}
