/// HKDF with SHA-256 (RFC 5869): independent keys out of one, each named by its `info`.
package enum HKDFSHA256 {
    /// - Parameter length: in bytes, 1 to 8,160.
    package static func derive(from key: [UInt8], salt: [UInt8] = [], info: String, length: Int = 32) -> [UInt8] {
        derive(from: key, salt: salt, info: Array(info.utf8), length: length)
    }

    /// - Parameter length: in bytes, 1 to 8,160.
    package static func derive(from key: [UInt8], salt: [UInt8], info: [UInt8], length: Int) -> [UInt8] {
        precondition((1...8_160).contains(length), "HKDF gives 1 to 8,160 bytes")
        let pseudorandomKey = HMACSHA256.code(key, key: salt.isEmpty ? [UInt8](repeating: 0, count: 32) : salt)
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while output.count < length {
            block = HMACSHA256.code(block + info + [counter], key: pseudorandomKey)
            output += block
            counter &+= 1
        }
        return Array(output.prefix(length))
    }
}
