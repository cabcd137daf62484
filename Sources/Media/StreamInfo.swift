/// What a FLAC file says of itself in its first block (RFC 9639 §8.2), and whether its last frame is whole.
struct StreamInfo {
    /// 0: unknown.
    let totalSamples: Int64
    let bitsPerSample: Int

    /// Reads the 34 bytes of a STREAMINFO block.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 34 else { return nil }
        bitsPerSample = Int(bytes[12] & 1) << 4 + Int(bytes[13] >> 4) + 1
        totalSamples = bytes[14...17].reduce(Int64(bytes[13] & 15)) { $0 << 8 | Int64($1) }
    }

    /// Whether a frame ends with the CRC-16 of the bytes before it (RFC 9639 §9.3: polynomial 0x8005, initially 0).
    static func isWholeFrame(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 4 else { return false }
        var sum: UInt16 = 0
        for byte in bytes {
            sum ^= UInt16(byte) << 8
            for _ in 0..<8 { sum = sum & 0x8000 != 0 ? sum << 1 ^ 0x8005 : sum << 1 }
        }
        return sum == 0
    }
}
