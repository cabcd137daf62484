internal import FoundationEssentials
internal import Model
internal import Platform

/// What `rondo-media` writes: the length of a JSON document in 4 big-endian bytes, the document, the cover, the packet
/// list.
///
/// The parser has read a stranger's file, so nothing it says is believed before it fits together.
enum MediaAnswer {
    private struct Document: Decodable {
        struct Refusal: Decodable {
            var code: String
            var message: String
        }

        var song: MediaDescription?
        var refused: Refusal?
    }

    /// - Parameter fileLength: the upload's bytes, which the cuts must make up.
    static func read(_ bytes: [UInt8], fileLength: Int64) -> MediaResult {
        let damaged = MediaResult.failed("the parser's answer is damaged")
        guard bytes.count >= 4 else { return damaged }
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - 4,
            let document = try? JSONDecoder().decode(Document.self, from: Data(bytes[4..<4 + length]))
        else { return damaged }
        let rest = bytes[(4 + length)...]
        if let refused = document.refused { return .refused(code: refused.code, message: refused.message) }
        guard let song = document.song, fits(song, fileLength: fileLength), song.coverLength >= 0,
            song.packetsLength >= 0, song.coverLength <= rest.count, rest.count - song.coverLength == song.packetsLength
        else { return damaged }
        return .song(
            song, cover: Array(rest.prefix(song.coverLength)), packets: Array(rest.suffix(song.packetsLength)))
    }

    /// Whether the cuts follow each other without a gap from the file's first byte to its last, none longer than a
    /// chunk may be.
    private static func fits(_ song: MediaDescription, fileLength: Int64) -> Bool {
        guard song.bytes == fileLength, song.durationMs >= 0, !song.cuts.isEmpty else { return false }
        var end: Int64 = 0
        for cut in song.cuts {
            guard cut.offset == end, (1...Manifest.maximumChunkLength).contains(cut.length) else { return false }
            end += Int64(cut.length)
        }
        return end == fileLength
    }
}
