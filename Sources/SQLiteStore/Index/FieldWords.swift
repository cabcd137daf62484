/// The words of one field of all songs, sorted, each with the songs that have it there.
///
/// The words that begin alike stand side by side, so that a prefix is a walk over them. Prefixes of one character are
/// kept as sets of their own: a walk over all words with `s` would take milliseconds.
struct FieldWords {
    private struct Entry {
        let word: Word
        var songs: SongSet
    }

    /// Sorted, none empty, each split where it gets longer than this.
    private static let longestBlock = 256

    private var blocks: [[Entry]] = []
    private var initials: [UInt32: SongSet] = [:]

    /// Adds songs, all of which have these words and none of which was here.
    mutating func add(_ words: [Word], to songs: [UInt32], highest: UInt32) {
        for word in words { add(word, to: songs, highest: highest) }
        for initial in Set(words.map(\.initial)) {
            initials[initial, default: .many([])].append(songs, highest: highest)
        }
    }

    /// Takes a song out of all its words.
    mutating func remove(_ words: [Word], from song: UInt32) {
        for word in words {
            guard let (block, place) = find(word) else { continue }
            blocks[block][place].songs.remove(song)
            if blocks[block][place].songs.isEmpty {
                blocks[block].remove(at: place)
                if blocks[block].isEmpty { blocks.remove(at: block) }
            }
        }
        for initial in Set(words.map(\.initial)) { initials[initial]?.remove(song) }
    }

    /// Adds the songs that have a word which begins so.
    func unite(_ prefix: Word, into songs: inout Bitmap) {
        if prefix.isOneCharacter {
            initials[prefix.initial]?.unite(into: &songs)
            return
        }
        var block = self.block(of: prefix)
        guard block < blocks.count else { return }
        var place = Self.place(of: prefix, in: blocks[block])
        while block < blocks.count {
            while place < blocks[block].count {
                guard blocks[block][place].word.hasPrefix(prefix) else { return }
                blocks[block][place].songs.unite(into: &songs)
                place += 1
            }
            block += 1
            place = 0
        }
    }

    private mutating func add(_ word: Word, to songs: [UInt32], highest: UInt32) {
        let block = block(of: word)
        guard block < blocks.count else {
            blocks.append([Self.entry(word, songs, highest)])
            return
        }
        let place = Self.place(of: word, in: blocks[block])
        if place < blocks[block].count, blocks[block][place].word == word {
            blocks[block][place].songs.append(songs, highest: highest)
            return
        }
        blocks[block].insert(Self.entry(word, songs, highest), at: place)
        if blocks[block].count > Self.longestBlock { split(block) }
    }

    private mutating func split(_ block: Int) {
        let middle = blocks[block].count / 2
        let upper = Array(blocks[block][middle...])
        blocks[block] = Array(blocks[block][..<middle])
        blocks.insert(upper, at: block + 1)
    }

    private static func entry(_ word: Word, _ songs: [UInt32], _ highest: UInt32) -> Entry {
        if songs.count == 1, let song = songs.first { return Entry(word: word, songs: .one(song)) }
        var set = SongSet.many([])
        set.append(songs, highest: highest)
        return Entry(word: word, songs: set)
    }

    private func find(_ word: Word) -> (block: Int, place: Int)? {
        let block = block(of: word)
        guard block < blocks.count else { return nil }
        let place = Self.place(of: word, in: blocks[block])
        return place < blocks[block].count && blocks[block][place].word == word ? (block, place) : nil
    }

    /// The last block that begins at or before `word`: where it is, or would be.
    private func block(of word: Word) -> Int {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle][0].word <= word { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The first place whose word is not before `word`.
    private static func place(of word: Word, in block: [Entry]) -> Int {
        var (low, high) = (0, block.count)
        while low < high {
            let middle = (low + high) / 2
            if block[middle].word < word { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
