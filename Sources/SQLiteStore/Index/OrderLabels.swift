/// Where each song stands in one order: a number that is greater the later it comes, with room left between neighbours.
struct OrderLabels {
    /// By the number of the song; 0 for one that has no place.
    private var labels: [UInt64] = []

    /// What lies between two songs that were added at an end one after the other.
    static let stride: UInt64 = 1 << 32
    static let middle: UInt64 = 1 << 63

    init() {}

    /// Gives all songs of an order places as far from each other as possible, and half of all room to the ends.
    init(spread songs: [UInt32]) {
        labels = Array(repeating: 0, count: Int(songs.max() ?? 0) + 1)
        let step = Self.middle / UInt64(songs.count + 1)
        var label: UInt64 = 1 << 62
        for song in songs {
            label += step
            labels[Int(song)] = label
        }
    }

    subscript(song: UInt32) -> UInt64 {
        get { Int(song) < labels.count ? labels[Int(song)] : 0 }
        set {
            if Int(song) >= labels.count {
                labels.append(contentsOf: repeatElement(0, count: Int(song) + 1 - labels.count))
            }
            labels[Int(song)] = newValue
        }
    }

    private struct Place: Comparable {
        let label: UInt64
        let song: UInt32
        static func < (left: Place, right: Place) -> Bool { left.label < right.label }
    }

    /// The first `limit` songs of a set behind a label, in order.
    ///
    /// All are looked at once, which for a million takes milliseconds, whatever the order; of those that may be among
    /// the first, a few times `limit` are kept.
    func first(_ limit: Int, of songs: Bitmap, after label: UInt64, falling: Bool) -> [UInt32] {
        var kept: [Place] = []
        kept.reserveCapacity(limit * 4)
        var highest = UInt64.max
        songs.forEach(falling: falling) { song in
            let own = self[song]
            guard own > label, own < highest else { return }
            kept.append(Place(label: own, song: song))
            guard kept.count == limit * 4 else { return }
            kept.sort()
            kept.removeLast(kept.count - limit)
            highest = kept.last?.label ?? highest
        }
        kept.sort()
        return kept.prefix(limit).map(\.song)
    }
}
