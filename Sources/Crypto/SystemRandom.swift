internal import COpenSSL

/// OpenSSL's generator, seeded by the system: for keys, nonces and ids. Machines never use it.
package struct SystemKeyGenerator: RandomNumberGenerator, Sendable {
    package init() {}

    package mutating func next() -> UInt64 {
        SystemRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Bytes nobody can guess.
package enum SystemRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Safe because the array has `count` bytes. Without randomness no key is safe, so there is no going on.
        guard unsafe RAND_bytes(&bytes, Int32(count)) == 1 else { fatalError("the system has no random bytes") }
        return bytes
    }
}
