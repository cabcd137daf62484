internal import FoundationEssentials
internal import Model

/// What `rondo-media` writes: the length of the JSON as four big-endian bytes, the JSON, the cover, the packet list.
package struct Answer: Sendable {
    package let bytes: [UInt8]

    private struct Document: Encodable {
        var song: MediaDescription?
        var refused: Refusal?
    }

    /// Reads the file and says what was found or why it is not taken.
    package init(for file: UploadedFile) {
        do {
            let song = try SongReader.read(file)
            self.init(Document(song: song.description), attachments: song.cover + song.packets)
        } catch {
            self.init(Document(refused: error), attachments: [])
        }
    }

    private init(_ document: Document, attachments: [UInt8]) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(document) else { fatalError("a description is always encodable") }
        let length = UInt32(json.count)
        bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + Array(json) + attachments
    }
}
