internal import Crypto
package import Model

/// A song that no disk has to hold: noise as WAV, made of a number, so that every byte is known to whoever has the
/// number.
package struct SyntheticSong: Hashable, Sendable {
    package let number: UInt64
    package let seconds: Int

    /// 16 kHz, one channel, 16 bits.
    package static let bytesPerSecond = 32_000
    private static let rate: UInt32 = 16_000
    private static let headLength = 44
    private static let pieceLength = 8_192

    package init(number: UInt64, seconds: Int) {
        self.number = number
        self.seconds = seconds
    }

    /// The cluster takes its title from this, so that every number is another song.
    package var fileName: String { "noise-\(number).wav" }
    package var length: Int { Self.headLength + seconds * Self.bytesPerSecond }

    /// The whole file (RIFF, Microsoft's Multimedia Programming Interface 1.0).
    package var bytes: [UInt8] {
        let samples = UInt32(seconds * Self.bytesPerSecond)
        var bytes = Array("RIFF".utf8) + Self.little(36 + samples) + Array("WAVEfmt ".utf8) + Self.little(UInt32(16))
        bytes += Self.little(UInt16(1)) + Self.little(UInt16(1)) + Self.little(Self.rate)
        bytes += Self.little(UInt32(Self.bytesPerSecond)) + Self.little(UInt16(2)) + Self.little(UInt16(16))
        bytes += Array("data".utf8) + Self.little(samples)
        bytes.reserveCapacity(length)
        // The same noise again and again, each time with its place before it: no two pieces are equal, and a song costs
        // next to nothing to make.
        var generator = SeededGenerator(seed: number)
        let noise = (0..<Self.pieceLength / 8 - 1).flatMap { _ in Self.little(generator.next()) }
        var place: UInt64 = 0
        while bytes.count + Self.pieceLength <= length {
            bytes += Self.little(place)
            bytes += noise
            place += 1
        }
        return bytes + noise.prefix(length - bytes.count)
    }

    package var hash: ContentHash { SHA256.hash(bytes) }

    private static func little(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
