internal import CProcessor

/// CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds damage, proves nothing. The checksum of 123456789 is 0xE3069283.
///
/// By the processor's own instruction where it has one: three neighbouring lanes at once, because a result takes three
/// cycles, and then put together as if one had followed the other (Gopal and others 2011). Elsewhere sliced by eight
/// (Kounavis and Berry 2005): eight table look-ups for eight bytes.
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

    private static let hasInstruction = rondo_has_crc32c() != 0

    /// Three of the first are a block of 64 KiB but for 16 bytes; the second is for what is shorter.
    private static let lanes = [Lane(length: 21_840), Lane(length: 1_360)]

    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        // Safe because the buffer is used inside the call alone.
        unsafe bytes.withUnsafeBytes { unsafe checksum($0) }
    }

    package static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes[...]) }

    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe hasInstruction ? byInstruction(bytes) : byTables(bytes)
    }

    private static func byInstruction(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard var start = bytes.baseAddress else { return 0 }
        var left = bytes.count
        var crc: UInt32 = ~0
        // Safe because `left` bytes follow `start`, and no call reads more than it is told.
        for lane in lanes {
            while left >= 3 * lane.length {
                var (second, third): (UInt32, UInt32) = (0, 0)
                unsafe rondo_crc32c_three(&crc, &second, &third, start, lane.length)
                crc = lane.follow(lane.follow(crc) ^ second) ^ third
                unsafe start += 3 * lane.length
                left -= 3 * lane.length
            }
        }
        return ~(unsafe rondo_crc32c(crc, start, left))
    }

    /// What a remainder becomes when as many zero bytes follow as the lane is long; linear, so that four look-ups do.
    private struct Lane {
        let length: Int
        private let effects: [UInt32]

        init(length: Int) {
            self.length = length
            // Of each single bit first; a byte's is the sum of its bits'.
            let ofBits = (0..<32).map { bit in
                var remainder = UInt32(1) << UInt32(bit)
                for _ in 0..<length { remainder = remainder >> 8 ^ CRC32C.tables[Int(remainder & 255)] }
                return remainder
            }
            effects = (0..<4 * 256).map { index in
                (0..<8).reduce(0) { sum, bit in
                    index >> bit & 1 == 1 ? sum ^ ofBits[index / 256 * 8 + bit] : sum
                }
            }
        }

        func follow(_ remainder: UInt32) -> UInt32 {
            effects[Int(remainder & 255)] ^ effects[256 + Int(remainder >> 8 & 255)]
                ^ effects[512 + Int(remainder >> 16 & 255)] ^ effects[768 + Int(remainder >> 24)]
        }
    }

    /// For processors without the instruction, and for the tests of it.
    package static func byTables(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
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
