internal import Model
internal import Platform
internal import WebServer

/// The JSON of songs as it was answered last, for as long as the catalogue has not changed.
@Loop
final class PreparedSongs {
    private struct Known {
        let song: SongID
        let isAvailable: Bool
        let answer: PreparedAnswer
    }

    private let metadata: any MetadataStore
    private var known: [String: Known] = [:]
    private var count: UInt64 = 0

    /// Songs that are kept, about 2 KB each; a whole new set begins where there are more.
    private static let maximum = 4_096

    init(_ metadata: any MetadataStore) { self.metadata = metadata }

    /// - Parameter isAvailable: whether the song can be played now.
    func answer(to target: String, isAvailable: (SongID) -> Bool) -> PreparedAnswer? {
        guard let one = known[target], metadata.changeCount == count, isAvailable(one.song) == one.isAvailable
        else { return nil }
        return one.answer
    }

    /// - Parameter count: the catalogue's, taken before the entry was read.
    func keep(_ response: Response, of song: SongID, isAvailable: Bool, for target: String, at count: UInt64) {
        guard let answer = PreparedAnswer(response) else { return }
        if count != self.count || known.count >= Self.maximum {
            known.removeAll(keepingCapacity: true)
            self.count = count
        }
        known[target] = Known(song: song, isAvailable: isAvailable, answer: answer)
    }
}
