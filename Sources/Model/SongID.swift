/// A song's id (or an album's or an artist's): 128 bits, printed as a UUID.
///
/// It is the first half of a SHA-256 over the normalised title, artist and album (`SongIdentity` in `Catalogue`).
package struct SongID: Hashable, Comparable, Sendable {
    // Two words for the same reason as in `ServerID`.
    private let high: UInt64
    private let low: UInt64

    package init(_ value: UInt128) {
        high = UInt64(truncatingIfNeeded: value >> 64)
        low = UInt64(truncatingIfNeeded: value)
    }

    package var value: UInt128 { UInt128(high) << 64 | UInt128(low) }

    package static func < (left: SongID, right: SongID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension SongID: LosslessStringConvertible, Codable {
    /// Reads a UUID in either case, 8-4-4-4-12 hexadecimal digits.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12],
            parts.allSatisfy({ $0.utf8.allSatisfy { Hexadecimal.digit($0) != nil } }),
            let value = UInt128(parts.joined(), radix: 16)
        else { return nil }
        self.init(value)
    }

    package var description: String {
        let digits = Array(Hexadecimal.text(value, digits: 32))
        return [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
            .map { String($0) }.joined(separator: "-")
    }

    package init(from decoder: any Decoder) throws { self = try decoder.decodeText("a UUID") }
    package func encode(to encoder: any Encoder) throws { try encoder.encodeText(description) }
}
