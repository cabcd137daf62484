import Crypto
package import Model
import Wire

/// Some bytes that differ by `seed`, and their hash.
package func chunk(_ seed: UInt64, length: Int = 150_000) -> (hash: ContentHash, bytes: [UInt8]) {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    while bytes.count < length { bytes.append(bigEndian: generator.next()) }
    bytes.removeLast(bytes.count - length)
    return (SHA256.hash(bytes), bytes)
}
