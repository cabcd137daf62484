internal import Model

/// All songs that are alive, as a search needs them: the words of their fields, and their places in each order.
///
/// It is made of the database when that is opened, and follows every change once that is on disk. Why it is not left to
/// SQLite: `docs/decisions/0015-search-in-memory.md`.
struct SongIndex {
    /// One word that a song must have, as a prefix, in one of the fields.
    struct Term: Hashable {
        let fields: Set<SongField>
        let prefix: Word
    }

    /// What a search asks for.
    struct Question {
        var terms: Set<Term>
        /// Nil: all songs. Else nothing but these.
        var among: [UInt32]?
        var order: SongOrder
        var limit: Int
    }

    private(set) var words = Array(repeating: FieldWords(), count: SongField.allCases.count)
    private(set) var labels = Array(repeating: OrderLabels(), count: SongOrder.allCases.count)
    private(set) var alive = Bitmap()
    private(set) var highest: UInt32 = 0

    /// The songs that answer a question behind a label, the first ones of the order, and how many there are in all.
    func find(_ question: Question, after label: UInt64) -> (songs: [UInt32], total: Int) {
        var found = alive
        if let among = question.among {
            var only = Bitmap()
            for song in among { only.insert(song) }
            found.formIntersection(only)
        }
        for term in question.terms {
            var having = Bitmap(capacity: Int(highest) + 1)
            for field in term.fields { words[field.rawValue].unite(term.prefix, into: &having) }
            found.formIntersection(having)
            if found.isEmpty { return ([], 0) }
        }
        // Songs were mostly added in the order of their numbers, so the newest are met first.
        let songs = labels[question.order.place].first(
            question.limit, of: found, after: label, falling: question.order == .added)
        return (songs, found.count)
    }

    /// The numbers of songs that share a key and with it its words.
    mutating func add(_ key: String, of field: SongField, to songs: [UInt32]) {
        for song in songs { highest = max(highest, song) }
        words[field.rawValue].add(Word.all(of: key), to: songs, highest: highest)
    }

    /// The songs in an order, all of them.
    mutating func spread(_ songs: [UInt32], in order: SongOrder) {
        labels[order.place] = OrderLabels(spread: songs)
        for song in songs { alive.insert(song) }
    }

    mutating func apply(_ edit: IndexChanges.Edit) {
        for field in SongField.allCases where edit.before?[field] != edit.after?[field] {
            if let key = edit.before?[field] { words[field.rawValue].remove(Word.all(of: key), from: edit.song) }
            if let key = edit.after?[field] { add(key, of: field, to: [edit.song]) }
        }
        if edit.after == nil { alive.remove(edit.song) } else { alive.insert(edit.song) }
        for (order, changes) in zip(labels.indices, edit.labels) {
            for (song, label) in changes { labels[order][song] = label }
        }
    }
}

/// The fields in which words are looked for.
enum SongField: Int, CaseIterable {
    case title, artist, album, genre
}

extension SongOrder {
    var place: Int {
        switch self {
        case .title: 0
        case .artist: 1
        case .album: 2
        case .added: 3
        }
    }
}
