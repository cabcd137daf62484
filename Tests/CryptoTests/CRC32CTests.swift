import Crypto
import Model
import Testing

@Suite struct CRC32CTests {
    @Test func `the check value of the standard comes out`() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([]) == 0)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    }

    @Test func `every length and offset agrees with the bit by bit definition`() {
        var generator = SeededGenerator(seed: 3)
        let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for start in 0..<9 {
            for end in start..<bytes.count {
                var crc: UInt32 = ~0
                for byte in bytes[start..<end] {
                    crc ^= UInt32(byte)
                    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
                }
                #expect(CRC32C.checksum(bytes[start..<end]) == ~crc)
            }
        }
    }

    @Test func `the processor's instruction and the tables agree over all its lanes and what is left between them`() {
        var generator = SeededGenerator(seed: 4)
        let bytes = (0..<140_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let lengths = [4_079, 4_080, 4_081, 8_167, 65_519, 65_520, 65_521, 65_536, 131_040, 135_127, 139_000]
        for length in lengths {
            for start in [0, 1, 7] {
                let slice = bytes[start..<start + length]
                // Safe because the buffer is used inside the call alone.
                let expected = unsafe slice.withUnsafeBytes { unsafe CRC32C.byTables($0) }
                #expect(CRC32C.checksum(slice) == expected, "\(length) bytes from \(start)")
            }
        }
    }
}
