internal import Catalogue
internal import Model
internal import Platform

/// What one transaction does to the search index, which learns of it when the transaction is on disk.
struct IndexChanges {
    /// One song's row that was written.
    struct Edit {
        let song: UInt32
        /// Nil where the song was not alive before, or is not alive now.
        let before: SongKeys?
        let after: SongKeys?
        /// In each order, the labels that it gave to itself and, to make room, to others.
        var labels: [[(song: UInt32, label: UInt64)]]
    }

    private(set) var edits: [Edit] = []
    private let index: SearchIndex
    /// The labels of `edits`, which the index does not have yet.
    private var staged: [[UInt32: UInt64]] = Array(repeating: [:], count: SongOrder.allCases.count)

    /// Labels nearer to each other than this leave too little room.
    private static let leastStep: UInt64 = 1 << 16

    init(_ index: SearchIndex) { self.index = index }

    /// Notes a row that was just written, before the next one is.
    mutating func note(
        _ song: UInt32, before: SongKeys?, after: SongKeys?, in connection: Connection
    ) throws(StoreError) {
        guard before != after else { return }
        var edit = Edit(song: song, before: before, after: after, labels: [])
        for order in SongOrder.allCases {
            let keys = after?.cursorKeys(in: order)
            var labels: [(song: UInt32, label: UInt64)] = []
            if let keys, keys != before?.cursorKeys(in: order) {
                labels = try place(song, keys, in: order, connection)
            } else if keys == nil {
                labels = [(song, 0)]
            }
            for (song, label) in labels { staged[order.place][song] = label }
            edit.labels.append(labels)
        }
        edits.append(edit)
    }

    private func label(_ song: UInt32, in order: SongOrder) -> UInt64 {
        staged[order.place][song] ?? index.label(song, in: order)
    }

    /// A label between those of the neighbours; where there is no room, new ones for the songs around.
    private func place(
        _ song: UInt32, _ keys: [SongCursor.Key], in order: SongOrder, _ connection: Connection
    ) throws(StoreError) -> [(song: UInt32, label: UInt64)] {
        let before = try connection.songs(.before, keys, in: order, limit: 1).first.map { self.label($0, in: order) }
        let after = try connection.songs(.after, keys, in: order, limit: 1).first.map { self.label($0, in: order) }
        let label: UInt64
        switch (before, after) {
        case (nil, nil): label = OrderLabels.middle
        case (let before?, nil): label = before + min(OrderLabels.stride, (.max - before) / 2)
        case (nil, let after?): label = after - min(OrderLabels.stride, after / 2)
        case (let before?, let after?): label = before + (after - before) / 2
        }
        let hasRoom = label > before ?? 0 && label < after ?? .max
        return hasRoom ? [(song, label)] : try makeRoom(for: song, keys, in: order, connection)
    }

    /// Spreads the songs around over as wide a part of the order as leaves room between them.
    private func makeRoom(
        for song: UInt32, _ keys: [SongCursor.Key], in order: SongOrder, _ connection: Connection
    ) throws(StoreError) -> [(song: UInt32, label: UInt64)] {
        var reach = 32
        while true {
            var before = try connection.songs(.before, keys, in: order, limit: reach)
            var after = try connection.songs(.after, keys, in: order, limit: reach)
            let isAll = before.count < reach && after.count < reach
            // The outermost ones stay where they are, and are the bounds.
            let low = before.count == reach ? before.popLast().map { label($0, in: order) } ?? 0 : 0
            let high = after.count == reach ? after.popLast().map { label($0, in: order) } ?? .max : .max
            let run = before.reversed() + [song] + after
            let step = (high - low) / UInt64(run.count + 1)
            if step >= Self.leastStep || isAll {
                return zip(run, 1...).map { ($0, low + step * UInt64($1)) }
            }
            reach *= 4
        }
    }
}
