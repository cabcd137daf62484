/// Numbers of songs as bits: a million songs are 125 KB, and two sets of them are compared in 10 µs.
struct Bitmap: Hashable {
    private(set) var words: [UInt64] = []

    init() {}

    /// - Parameter count: the numbers 0 to `count` - 1 have a place from the beginning.
    init(capacity count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    mutating func insert(_ number: UInt32) {
        let place = Int(number >> 6)
        if place >= words.count {
            words.append(contentsOf: repeatElement(0, count: place + 1 - words.count))
        }
        words[place] |= 1 << UInt64(number & 63)
    }

    mutating func remove(_ number: UInt32) {
        let place = Int(number >> 6)
        if place < words.count { words[place] &= ~(1 << UInt64(number & 63)) }
    }

    mutating func formUnion(_ other: Bitmap) {
        if other.words.count > words.count {
            words.append(contentsOf: repeatElement(0, count: other.words.count - words.count))
        }
        for place in other.words.indices { words[place] |= other.words[place] }
    }

    mutating func formIntersection(_ other: Bitmap) {
        let shared = min(words.count, other.words.count)
        words.removeLast(words.count - shared)
        for place in 0..<shared { words[place] &= other.words[place] }
    }

    /// All numbers, in rising or falling order.
    @inline(__always)
    func forEach(falling: Bool, _ body: (UInt32) -> Void) {
        let last = words.count - 1
        for index in words.indices {
            let place = falling ? last - index : index
            var rest = words[place]
            while rest != 0 {
                let bit = falling ? 63 - rest.leadingZeroBitCount : rest.trailingZeroBitCount
                rest &= ~(1 << UInt64(bit))
                body(UInt32(place << 6 + bit))
            }
        }
    }
}

/// The songs that have a word: most words have one, a few have half the library.
enum SongSet {
    case one(UInt32)
    /// In no order.
    case many([UInt32])
    case dense(Bitmap)

    /// Below so many a list is short enough, however few songs there are.
    private static let leastDense = 256

    /// Adds songs that are not in it.
    /// - Parameter highest: the highest number of any song; a set of more than a 32nd of them is smaller as bits.
    mutating func append(_ songs: some Collection<UInt32>, highest: UInt32) {
        switch self {
        case .one(let song):
            self = .many([song])
            append(songs, highest: highest)
        case .many(var list):
            self = .many([])
            list.append(contentsOf: songs)
            self = list.count > max(Self.leastDense, Int(highest / 32)) ? .dense(Self.bits(list)) : .many(list)
        case .dense(var bits):
            self = .many([])
            for song in songs { bits.insert(song) }
            self = .dense(bits)
        }
    }

    mutating func remove(_ song: UInt32) {
        switch self {
        case .one(let only): if only == song { self = .many([]) }
        case .many(var list):
            self = .many([])
            if let place = list.firstIndex(of: song) {
                list.swapAt(place, list.count - 1)
                list.removeLast()
            }
            self = .many(list)
        case .dense(var bits):
            self = .many([])
            bits.remove(song)
            self = .dense(bits)
        }
    }

    var isEmpty: Bool {
        switch self {
        case .one: false
        case .many(let list): list.isEmpty
        case .dense(let bits): bits.isEmpty
        }
    }

    func unite(into bits: inout Bitmap) {
        switch self {
        case .one(let song): bits.insert(song)
        case .many(let list): for song in list { bits.insert(song) }
        case .dense(let other): bits.formUnion(other)
        }
    }

    private static func bits(_ list: [UInt32]) -> Bitmap {
        var bits = Bitmap()
        for song in list { bits.insert(song) }
        return bits
    }
}
