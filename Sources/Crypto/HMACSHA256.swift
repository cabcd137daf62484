internal import COpenSSL

/// The HMAC-SHA256 of a message (RFC 2104): proves that whoever wrote it has the key.
package enum HMACSHA256 {
    /// In bytes.
    package static let length = 32

    /// The 32 bytes of the code.
    package static func code(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        // OpenSSL takes no empty key; HMAC pads keys with zeros, so one zero is the same key.
        let key = key.isEmpty ? [0] : key
        var code = [UInt8](repeating: 0, count: length)
        var written = 0
        // Safe because every pointer is used with its own array's length and only during the call.
        let done = unsafe code.withUnsafeMutableBufferPointer { out in
            unsafe key.withUnsafeBytes { key in
                unsafe message.withUnsafeBufferPointer { message in
                    unsafe EVP_Q_mac(
                        nil, "HMAC", nil, "SHA256", nil, key.baseAddress, key.count,
                        message.baseAddress, message.count, out.baseAddress, out.count, &written)
                }
            }
        }
        guard unsafe done != nil, written == length else { fatalError("HMAC-SHA256 failed") }
        return code
    }

    /// Whether `code` is the whole code of `message`; takes the same time whatever the code is.
    package static func isValid(_ code: some Collection<UInt8>, for message: [UInt8], key: [UInt8]) -> Bool {
        ConstantTime.equal(Array(code), Self.code(message, key: key))
    }
}

/// Comparing secrets without telling by the time it takes where they differ.
package enum ConstantTime {
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
