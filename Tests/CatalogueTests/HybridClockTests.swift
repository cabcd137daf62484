import Catalogue
import Model
import Testing

struct HybridClockTests {
    @Test func `stamps grow while the wall clock stands still, jumps back or begins in 1970`() {
        var clock = HybridClock(writer: ServerID(1))
        var last = clock.stamp(wallMs: 1_000_000)
        for wall in [1_000_000, 1_000_000, 999_000, 0, -5, 1_000_001, 3, 2_000_000] as [Int64] {
            let next = clock.stamp(wallMs: wall)
            #expect(next > last)
            last = next
        }
        #expect(last.wallMs == 2_000_000)
    }

    @Test func `a stamp follows every stamp seen, whoever's clock made it`() {
        var clock = HybridClock(writer: ServerID(1), highest: stamp(5_000, 7, writer: 9))
        let first = clock.stamp(wallMs: 100)
        #expect(first > stamp(5_000, 7, writer: 9))
        clock.observe(stamp(9_000, 3, writer: 9))
        clock.observe(stamp(4_000, 99, writer: 9))
        let next = clock.stamp(wallMs: 100)
        #expect(next == stamp(9_000, 4, writer: 1))
    }

    @Test func `a server an hour ahead of its peers stamps with the cluster's clock`() {
        var clock = HybridClock(writer: ServerID(1))
        clock.compare(peerOffsetsMs: [-3_600_000, -3_599_800, 7_000_000])
        #expect(clock.usesClusterTime)
        let corrected = clock.stamp(wallMs: 3_700_000)
        #expect(corrected == stamp(100_200))
        clock.compare(peerOffsetsMs: [400, 300])
        #expect(!clock.usesClusterTime)
        let own = clock.stamp(wallMs: 3_700_000)
        #expect(own == stamp(3_700_000))
        clock.compare(peerOffsetsMs: [])
        #expect(!clock.usesClusterTime)
    }

    @Test func `a counter that is full, and the end of time, do not stop the clock`() {
        var clock = HybridClock(writer: ServerID(1), highest: stamp(5_000, .max))
        let after = clock.stamp(wallMs: 1)
        #expect(after == stamp(5_001, 0))
        clock.observe(stamp(.max, .max))
        let last = clock.stamp(wallMs: 1)
        clock.compare(peerOffsetsMs: [.max])
        let beyond = clock.stamp(wallMs: .max)
        #expect([last.wallMs, beyond.wallMs] == [.max, .max])
    }
}

struct VersionVectorTests {
    private func origin(_ number: UInt128) -> LogOrigin {
        LogOrigin(server: ServerID(number), log: ServerID(number * 7))
    }

    @Test func `an origin's changes are taken in order, each once`() {
        var vector = VersionVector()
        let offered: [(UInt128, UInt64)] = [(2, 2), (2, 1), (2, 1), (1, 1), (2, 2)]
        let taken = offered.map { vector.advance(origin($0.0), to: $0.1) }
        #expect(taken == [false, true, false, true, true])
        #expect(vector.positions.map(\.origin) == [origin(1), origin(2)])
        #expect(vector[origin(2)] == 2)
    }

    @Test func `vectors are compared and united by origin`() {
        let left = VersionVector(positions: [
            .init(origin: origin(1), sequence: 5), .init(origin: origin(2), sequence: 1),
        ])
        let right = VersionVector(positions: [
            .init(origin: origin(3), sequence: 2), .init(origin: origin(1), sequence: 3),
        ])
        let both = left.merged(with: right)
        #expect(both == right.merged(with: left))
        #expect(both.covers(left) && both.covers(right))
        #expect(!left.covers(right) && !right.covers(left))
        #expect(both.count(beyond: left) == 2)
        #expect(left.count(beyond: right) == 3)
    }
}

struct StoredFormTests {
    @Test func `an entry is read as it was written`() {
        var entry = song("Für Elise", at: stamp(1_000)).edited(
            SongTags(genre: "", year: 0), at: stamp(2_000, 3, writer: .max))
        entry.collision = true
        entry.content.value = content(3, cover: true)
        var measured = song("x")
        measured.loudness = Loudness(lufs: -14.2)
        for one in [entry, song("x"), measured, song("x").deleted(at: stamp(9))] {
            #expect(EntryCodec.decode(EntryCodec.encode(one)) == one)
        }
    }

    @Test func `bytes that are cut off or too long are no entry`() {
        let bytes = EntryCodec.encode(song("Für Elise"))
        #expect(bytes.count < 400)
        for length in 0..<bytes.count { #expect(EntryCodec.decode(Array(bytes.prefix(length))) == nil) }
        #expect(EntryCodec.decode(bytes + [0]) == nil)
    }

    @Test func `random bytes never end the reader`() {
        var generator = SeededGenerator(seed: 4)
        let bytes = EntryCodec.encode(song("Für Elise"))
        for _ in 0..<5_000 {
            var changed = bytes
            for _ in 0..<3 {
                changed[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = EntryCodec.decode(changed)
        }
    }

    @Test func `a cursor is read back for its own order alone`() {
        let cursor = SongCursor(order: .album, keys: [.text("wörter"), .number(-3), .id(SongID(77))])
        #expect(SongCursor(cursor.text, order: .album) == cursor)
        #expect(SongCursor(cursor.text, order: .title) == nil)
        for index in cursor.text.indices {
            var changed = cursor.text
            changed.replaceSubrange(index...index, with: changed[index] == "A" ? "B" : "A")
            #expect(SongCursor(changed, order: .album) == nil)
        }
        for wrong in ["", "x", "AAAAAAA", "../../etc", String(repeating: "A", count: 100_000)] {
            #expect(SongCursor(wrong, order: .album) == nil)
            #expect(!SongQuery(cursor: wrong).hasValidCursor)
        }
    }
}
