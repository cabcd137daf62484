package import Model

extension SongEntry {
    /// The union of two servers' knowledge of one recording (one shared id, one SHA-256): per field the later writer.
    ///
    /// Commutative, associative and idempotent. `collision` and the id shown are no part of it: they follow from the
    /// family (`SongFamily`).
    package func merged(with other: SongEntry) -> SongEntry {
        SongEntry(
            id: id, title: .later(title, other.title), artist: .later(artist, other.artist),
            album: .later(album, other.album), genre: .later(genre, other.genre), year: .later(year, other.year),
            track: .later(track, other.track), content: .later(content, other.content),
            addedAtMs: min(addedAtMs, other.addedAtMs), alive: .later(alive, other.alive),
            // Two versions of a decoder may differ in the last digit.
            loudness: [loudness, other.loudness].compactMap(\.self).max())
    }
}

extension Stamped {
    /// The one written later. Two values of one stamp are a fault of their writer; all servers then still choose the
    /// same.
    package static func later(_ left: Stamped, _ right: Stamped) -> Stamped {
        if left.stamp != right.stamp { return left.stamp < right.stamp ? right : left }
        if left.value == right.value { return left }
        return String(reflecting: left.value).utf8.lexicographicallyPrecedes(String(reflecting: right.value).utf8)
            ? right : left
    }
}

/// All recordings that were ever uploaded under one shared id, told apart by their SHA-256.
///
/// Title, artist and album make the id, so different bytes may claim the same one: on two sides of a partition, or
/// one after the other was deleted. Each recording is an entry of its own that merges with nothing but itself, which
/// makes the family a union and its merge lawful. Which recording is shown under the shared id follows from the whole:
/// among those alive the one whose upload is the earliest. The others are shown under ids of their own, flagged
/// `collision`.
package struct SongFamily: Hashable, Sendable {
    package let shared: SongID
    /// In the order of their SHA-256, each under the shared id and unflagged.
    package private(set) var recordings: [SongEntry]

    package init(shared: SongID, recordings: [SongEntry] = []) {
        self.shared = shared
        self.recordings = []
        for entry in recordings { merge(entry) }
    }

    /// Takes in what another server knows of one recording.
    package mutating func merge(_ entry: SongEntry) {
        var entry = entry
        entry.id = shared
        entry.collision = false
        let sha256 = entry.content.value.sha256
        if let index = recordings.firstIndex(where: { $0.content.value.sha256 == sha256 }) {
            recordings[index] = recordings[index].merged(with: entry)
        } else {
            let place = recordings.firstIndex { sha256 < $0.content.value.sha256 } ?? recordings.endIndex
            recordings.insert(entry, at: place)
        }
    }

    /// Takes in another server's whole family.
    package mutating func merge(_ other: SongFamily) {
        for entry in other.recordings { merge(entry) }
    }

    /// The recording under the shared id: the earliest upload among those alive; where none is, the last one deleted.
    package var holder: SongEntry? {
        let alive = recordings.filter(\.alive.value)
        return alive.min { ($0.content.stamp, $0.content.value.sha256) < ($1.content.stamp, $1.content.value.sha256) }
            ?? recordings.max { ($0.alive.stamp, $0.content.value.sha256) < ($1.alive.stamp, $1.content.value.sha256) }
    }

    /// All recordings under the ids that people see, in the order of their SHA-256.
    package var shown: [SongEntry] {
        let holder = holder?.content.value.sha256
        return recordings.map { entry in
            guard entry.content.value.sha256 != holder else { return entry }
            var entry = entry
            entry.id = SongIdentity.collisionID(of: shared, sha256: entry.content.value.sha256)
            entry.collision = true
            return entry
        }
    }
}
