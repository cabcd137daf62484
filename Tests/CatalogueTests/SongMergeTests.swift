import Catalogue
import Model
import Testing

struct SongMergeTests {
    @Test func `how loud a song is stays known, whoever edits it meanwhile`() {
        let edited = song("Old").edited(SongTags(title: "New"), at: stamp(2_000))
        var measured = song("Old")
        measured.loudness = Loudness(lufs: -9.5)
        for merged in [edited.merged(with: measured), measured.merged(with: edited)] {
            #expect(merged.title.value == "New" && merged.loudness == Loudness(lufs: -9.5))
        }
    }

    @Test func `merging is commutative, associative and idempotent`() {
        for seed in 0..<300 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let entries = randomEntries(9, using: &generator)
            let shared = SongIdentity.id(title: "Title", artist: "Artist", album: "Album")
            let families = stride(from: 0, to: 9, by: 3).map {
                SongFamily(shared: shared, recordings: Array(entries[$0..<$0 + 3]))
            }
            func union(_ left: SongFamily, _ right: SongFamily) -> SongFamily {
                var union = left
                union.merge(right)
                return union
            }
            let (a, b, c) = (families[0], families[1], families[2])
            #expect(union(a, b) == union(b, a), "seed \(seed)")
            #expect(union(union(a, b), c) == union(a, union(b, c)), "seed \(seed)")
            #expect(union(a, a) == a, "seed \(seed)")
        }
    }

    @Test func `the order in which entries arrive decides nothing that people see`() {
        for seed in 0..<300 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let entries = randomEntries(6, using: &generator)
            let shared = entries[0].id
            let shown = SongFamily(shared: shared, recordings: entries).shown
            #expect(SongFamily(shared: shared, recordings: entries.shuffled(using: &generator)).shown == shown)
            #expect(Set(shown.map(\.id)).count == shown.count)
        }
    }

    @Test func `edits of different fields on two sides of a partition are both kept`() {
        let original = song("Old")
        let left = original.edited(SongTags(title: "New"), at: stamp(2_000, writer: 1))
        let right = original.edited(SongTags(genre: "Jazz", year: 2001), at: stamp(1_500, writer: 2))
        let merged = left.merged(with: right)
        #expect(merged.title.value == "New")
        #expect(merged.genre.value == "Jazz")
        #expect(merged.year.value == 2001)
        #expect(merged.id == original.id)
    }

    @Test func `of two edits of one field the later writer wins`() {
        let left = song("Old").edited(SongTags(title: "Left"), at: stamp(2_000, 5))
        let right = song("Old").edited(SongTags(title: "Right"), at: stamp(2_000, 6))
        #expect(left.merged(with: right).title.value == "Right")
        #expect(right.merged(with: left).title.value == "Right")
    }

    @Test func `two values of one stamp end the same on all servers`() {
        let left = song("Old").edited(SongTags(title: "Left"), at: stamp(2_000))
        let right = song("Old").edited(SongTags(title: "Right"), at: stamp(2_000))
        #expect(left.merged(with: right) == right.merged(with: left))
    }

    @Test func `a deleted song does not come back from a server that was away`() {
        let original = song("Song")
        let deleted = original.deleted(at: stamp(2_000))
        #expect(!deleted.merged(with: original).alive.value)
        #expect(
            !original.edited(SongTags(title: "Edited meanwhile"), at: stamp(3_000)).merged(with: deleted).alive.value)
    }

    @Test func `finding a song again outlives a delete of another side before it`() {
        let original = song("Song")
        let deleted = original.deleted(at: stamp(2_000))
        let found = original.uploadedAgain(song("Song", at: stamp(2_500)), at: stamp(2_500))
        #expect(deleted.merged(with: found).alive.value)
        #expect(found.content == original.content)
    }

    @Test func `of two songs under one id the earlier keeps it and the other gets its own, flagged`() {
        let first = song("Song", content: 1, at: stamp(1_000))
        let second = song("Song", content: 2, at: stamp(2_000))
        let shown = SongFamily(shared: first.id, recordings: [second, first]).shown
        let kept = shown.first { $0.id == first.id }
        let moved = shown.first { $0.id != first.id }
        #expect(kept?.content.value.sha256 == hash(1))
        #expect(kept?.collision == false)
        #expect(moved?.content.value.sha256 == hash(2))
        #expect(moved?.collision == true)
        #expect(moved?.id == SongIdentity.collisionID(of: first.id, sha256: hash(2)))
        #expect(moved?.content.value.manifest == second.content.value.manifest)
    }

    @Test func `an edit on one side does not change the id that a collision gives`() {
        let first = song("Song", content: 1, at: stamp(1_000))
        let second = song("Song", content: 2, at: stamp(2_000))
        let edited = second.edited(SongTags(title: "Other"), at: stamp(3_000))
        let ids = [second, edited].map { SongFamily(shared: first.id, recordings: [first, $0]).shown.map(\.id) }
        #expect(ids[0] == ids[1])
    }

    @Test func `after a delete other bytes take the id, and the deleted song stays deleted`() {
        let first = song("Song", content: 1, at: stamp(1_000))
        var family = SongFamily(shared: first.id, recordings: [first.deleted(at: stamp(2_000))])
        family.merge(song("Song", content: 2, at: stamp(3_000)))
        family.merge(first)
        let alive = family.shown.filter(\.alive.value)
        #expect(alive.map(\.id) == [first.id])
        #expect(alive.first?.content.value.sha256 == hash(2))
        #expect(alive.first?.collision == false)
    }
}
