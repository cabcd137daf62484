internal import Model

/// A playlist as its registers make it: a name, and items in their order.
struct PlaylistItems: Hashable {
    struct Item: Hashable {
        let id: PlaylistID
        let song: SongID
        var position: Int64
    }

    /// Between two neighbours that were put one behind the other: 32 halvings fit in.
    static let gap: Int64 = 1 << 32

    /// Nil where the playlist was deleted or never was.
    private(set) var name: String?
    private(set) var items: [Item] = []
    /// Milliseconds since 1970 of the last change.
    private(set) var changedAtMs: Int64 = 0

    init(_ entries: [PlaylistEntry]) {
        for entry in entries {
            changedAtMs = max(changedAtMs, entry.content.stamp.wallMs)
            switch entry.content.value {
            case nil: break
            case .name(let name): self.name = name
            case .song(let song, let position):
                // Only an item has a song (`PlaylistCodec`).
                if let id = entry.item { items.append(Item(id: id, song: song, position: position)) }
            }
        }
        items.sort { ($0.position, $0.id) < ($1.position, $1.id) }
    }

    /// Items for songs that are put at the end.
    func appended(_ songs: [SongID], using generator: inout some RandomNumberGenerator) -> [Item] {
        let last = items.last?.position ?? 0
        return songs.enumerated().map { index, song in
            Item(
                id: PlaylistID.random(using: &generator), song: song,
                position: last + Int64(index + 1) * Self.gap)
        }
    }

    /// The items whose positions change where these stand first, in this order: as few as possible, so that what
    /// somebody else moves at the same time stays moved. What is not named stays behind them, as it was.
    func moved(to order: [PlaylistID]) -> [Item] {
        let known = Dictionary(uniqueKeysWithValues: items.map { ($0.id, $0) })
        var named: Set<PlaylistID> = []
        let first = order.compactMap { id in named.insert(id).inserted ? known[id] : nil }
        let wanted = first + items.filter { !named.contains($0.id) }
        return placed(wanted, keeping: Self.longestSorted(wanted)) ?? renumbered(wanted)
    }

    /// Gives those that are not kept positions between their neighbours; nil where there is no room.
    private func placed(_ wanted: [Item], keeping kept: Set<PlaylistID>) -> [Item]? {
        var changed: [Item] = []
        var start = wanted.startIndex
        var low: Int64?
        while start < wanted.endIndex {
            let end = wanted[start...].firstIndex { kept.contains($0.id) } ?? wanted.endIndex
            let count = Int64(end - start)
            let high = end < wanted.endIndex ? wanted[end].position : nil
            if count > 0 {
                let below = low ?? (high.map { $0 - (count + 1) * Self.gap } ?? 0)
                let above = high ?? below + (count + 1) * Self.gap
                let step = (above - below) / (count + 1)
                guard step > 0 else { return nil }
                for (index, item) in wanted[start..<end].enumerated() {
                    changed.append(Item(id: item.id, song: item.song, position: below + Int64(index + 1) * step))
                }
            }
            low = high
            start = end + 1
        }
        return changed
    }

    private func renumbered(_ wanted: [Item]) -> [Item] {
        wanted.enumerated().map { index, item in
            Item(id: item.id, song: item.song, position: Int64(index + 1) * Self.gap)
        }
    }

    /// The most items that stand in the order of their positions already: a longest increasing subsequence (Fredman
    /// 1975).
    private static func longestSorted(_ items: [Item]) -> Set<PlaylistID> {
        // `ends[n]` is the item that ends the best run of n + 1; `before` its predecessor in that run.
        var ends: [Int] = []
        var before = [Int?](repeating: nil, count: items.count)
        for index in items.indices {
            let key = (items[index].position, items[index].id)
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                let other = items[ends[middle]]
                if (other.position, other.id) < key { low = middle + 1 } else { high = middle }
            }
            before[index] = low > 0 ? ends[low - 1] : nil
            if low == ends.count { ends.append(index) } else { ends[low] = index }
        }
        var kept: Set<PlaylistID> = []
        var next = ends.last
        while let index = next {
            kept.insert(items[index].id)
            next = before[index]
        }
        return kept
    }
}
