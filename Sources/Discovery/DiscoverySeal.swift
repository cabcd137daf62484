internal import Crypto

/// Seals and opens what is said over broadcast, so that only holders of the cluster's key can read or write it, and an
/// onlooker sees 512 bytes without any sign of which cluster they are of.
///
/// A packet is a salt of 16 random bytes and AES-128-GCM under a key made of the cluster's discovery key, the salt and
/// what it is. Questions and answers have different keys, so neither is ever taken for the other; both have the same
/// length, so an answer never outweighs its question.
package struct DiscoverySeal: Sendable {
    /// Of every packet, in bytes.
    package static let length = 512
    package static let saltLength = 16
    private static let plainLength = length - saltLength - AEAD.tagLength

    /// What a packet is; the text that its key is derived with.
    private enum Kind: String {
        case question = "rondo discovery question"
        case answer = "rondo discovery answer"
    }

    /// How many keys there are: questions go out under each.
    package var keyCount: Int { keys.count }
    private let keys: [[UInt8]]

    /// - Parameter keys: the cluster's discovery keys, while a key is changed more than one.
    package init(keys: [[UInt8]]) { self.keys = keys }

    /// - Parameters:
    ///   - key: which of the keys.
    ///   - salt: 16 random bytes, never used twice.
    package func seal(_ question: DiscoveryQuestion, key: Int, salt: [UInt8]) -> [UInt8] {
        seal(question.encoded, .question, key, salt)
    }

    /// - Parameter key: the one under which the question came.
    package func seal(_ answer: DiscoveryAnswer, key: Int, salt: [UInt8]) -> [UInt8] {
        seal(answer.encoded, .answer, key, salt)
    }

    /// The question, and which key it was sealed with; nil for all that is none of this cluster's.
    package func question(in packet: [UInt8]) -> (question: DiscoveryQuestion, key: Int)? {
        guard let (plain, key) = open(packet, .question), let question = DiscoveryQuestion(decoding: plain) else {
            return nil
        }
        return (question, key)
    }

    /// Nil for all that is no answer of this cluster.
    package func answer(in packet: [UInt8]) -> DiscoveryAnswer? {
        open(packet, .answer).flatMap { DiscoveryAnswer(decoding: $0.plain) }
    }

    private func cipher(_ kind: Kind, _ key: Int, _ salt: [UInt8]) -> AEAD? {
        AEAD(key: HKDFSHA256.derive(from: keys[key], salt: salt, info: kind.rawValue, length: 16))
    }

    private func seal(_ plain: [UInt8], _ kind: Kind, _ key: Int, _ salt: [UInt8]) -> [UInt8] {
        precondition(salt.count == Self.saltLength, "a discovery packet has a salt of 16 bytes")
        precondition(plain.count <= Self.plainLength, "a discovery message fits into its packet")
        guard let cipher = cipher(kind, key, salt) else { return [] }
        let padded = plain + [UInt8](repeating: 0, count: Self.plainLength - plain.count)
        // The key is used for this one packet, so the nonce may be a constant.
        return salt + cipher.seal(padded, nonce: Self.nonce)
    }

    private func open(_ packet: [UInt8], _ kind: Kind) -> (plain: [UInt8], key: Int)? {
        guard packet.count == Self.length else { return nil }
        let salt = Array(packet.prefix(Self.saltLength))
        let sealed = Array(packet.dropFirst(Self.saltLength))
        for key in keys.indices {
            if let plain = cipher(kind, key, salt)?.open(sealed, nonce: Self.nonce) { return (plain, key) }
        }
        return nil
    }

    private static let nonce = [UInt8](repeating: 0, count: AEAD.nonceLength)
}
