/// The SHA-256 of a sequence of bytes: the name of a chunk, a manifest, a cover or a whole original.
package struct ContentHash: Hashable, Comparable, Sendable {
    /// The digest as four big-endian words.
    package let words: [4 of UInt64]

    package init(words: [4 of UInt64]) { self.words = words }

    /// Takes a digest of exactly 32 bytes; another length is nil.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [4 of UInt64] = .init(repeating: 0)
        var index = 0
        for byte in bytes {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
            index += 1
        }
        self.words = words
    }

    package var bytes: [UInt8] {
        (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8))) }
    }

    /// The first 128 bits, the chunk's place among the virtual positions (`Placement`).
    package var position: UInt128 { UInt128(words[0]) << 64 | UInt128(words[1]) }

    package static func == (left: ContentHash, right: ContentHash) -> Bool {
        left.words[0] == right.words[0] && left.words[1] == right.words[1]
            && left.words[2] == right.words[2] && left.words[3] == right.words[3]
    }

    package static func < (left: ContentHash, right: ContentHash) -> Bool {
        for index in 0..<4 where left.words[index] != right.words[index] {
            return left.words[index] < right.words[index]
        }
        return false
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words[0])
        hasher.combine(words[1])
    }
}

extension ContentHash: LosslessStringConvertible, Codable {
    /// Reads 64 hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 64, let bytes = Hexadecimal.bytes(text) else { return nil }
        self.init(bytes: bytes)
    }

    package var description: String { Hexadecimal.text(bytes) }
    package init(from decoder: any Decoder) throws { self = try decoder.decodeText("a SHA-256 of 64 hex digits") }
    package func encode(to encoder: any Encoder) throws { try encoder.encodeText(description) }
}
