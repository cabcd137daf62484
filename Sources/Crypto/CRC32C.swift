/// CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds damage, proves nothing. The checksum of 123456789 is 0xE3069283.
///
/// Sliced by eight (Kounavis and Berry 2005): eight table look-ups for eight bytes.
package enum CRC32C {
    private static let polynomial: UInt32 = 0x82F6_3B78

    /// Eight tables of 256 entries: table k is the effect of a byte that k zero bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? polynomial : 0) }
            tables[byte] = remainder
        }
        for byte in 0..<256 {
            for table in 1..<8 {
                let before = tables[(table - 1) * 256 + byte]
                tables[table * 256 + byte] = before >> 8 ^ tables[Int(before & 255)]
            }
        }
        return tables
    }()

    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        // Safe because the buffer is used inside the call alone.
        unsafe bytes.withUnsafeBytes { unsafe checksum($0) }
    }

    package static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes[...]) }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        // Safe because every load lies inside `bytes`, and every index inside the 2,048 entries of the tables.
        unsafe tables.withUnsafeBufferPointer { tables in
            var crc: UInt32 = ~0
            var index = 0
            while index + 8 <= bytes.count {
                let word =
                    unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    ^ UInt64(crc)
                crc =
                    unsafe tables[7 * 256 + Int(word & 255)] ^ tables[6 * 256 + Int(word >> 8 & 255)]
                    ^ tables[5 * 256 + Int(word >> 16 & 255)] ^ tables[4 * 256 + Int(word >> 24 & 255)]
                    ^ tables[3 * 256 + Int(word >> 32 & 255)] ^ tables[2 * 256 + Int(word >> 40 & 255)]
                    ^ tables[256 + Int(word >> 48 & 255)] ^ tables[Int(word >> 56)]
                index += 8
            }
            while index < bytes.count {
                crc = unsafe crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[index])) & 255)]
                index += 1
            }
            return ~crc
        }
    }
}
