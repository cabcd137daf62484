internal import Crypto
internal import Model

/// Seals and opens the cluster's datagrams with AES-128-GCM, so that only holders of the key can write or read one,
/// once.
///
/// A datagram is the sender's 16-byte start nonce, an 8-byte counter and the ciphertext with its tag. The key is
/// derived from the cluster's datagram key and the start nonce, which is drawn anew by every process, so that a counter
/// never meets the same key twice. What was opened once is not opened again: each sender has a window of the last 1,024
/// counters (as RFC 4303 §3.4.3 does it for IPsec).
package struct DatagramSealer: Sendable {
    /// Why a datagram is dropped unread.
    package enum Failure: Error, Hashable, Sendable {
        /// Not sealed with the cluster's key, or changed on the way.
        case forged
        /// Opened before, or too old to tell.
        case replayed
    }

    private struct Sender {
        /// One for each cluster key; while a key is changed a sender may begin to use another.
        var ciphers: [AEAD]
        var highest: UInt64 = 0
        /// Bit n of the window: the counter `highest - n` has been seen.
        var seen: [16 of UInt64] = .init(repeating: 0)
        var lastUse: UInt64 = 0
    }

    private static let nonceLength = 16
    private static let headLength = 24
    private static let window: UInt64 = 1024
    /// Senders remembered; only holders of the key ever become one.
    private static let maximumSenders = 4096

    private var clusterKeys: [[UInt8]]
    private let startNonce: [UInt8]
    private var own: AEAD
    private var counter: UInt64 = 0
    private var senders: [[UInt8]: Sender] = [:]
    private var uses: UInt64 = 0

    /// - Parameters:
    ///   - keys: the datagram keys of the cluster, the one to seal with first; at least one.
    ///   - startNonce: 16 random bytes of this process.
    package init?(keys: [[UInt8]], startNonce: [UInt8]) {
        guard let first = keys.first, startNonce.count == Self.nonceLength,
            let own = Self.cipher(first, startNonce)
        else { return nil }
        clusterKeys = keys
        self.startNonce = startNonce
        self.own = own
    }

    /// Takes other keys. What was opened stays opened once: senders keep their windows.
    ///
    /// - Parameter keys: at least one, else nothing changes.
    package mutating func use(_ keys: [[UInt8]]) {
        guard let first = keys.first, let own = Self.cipher(first, startNonce) else { return }
        clusterKeys = keys
        self.own = own
        for name in Array(senders.keys) {
            let ciphers = ciphers(of: name)
            senders[name]?.ciphers = ciphers
        }
    }

    private func ciphers(of name: [UInt8]) -> [AEAD] { clusterKeys.compactMap { Self.cipher($0, name) } }

    private static func cipher(_ key: [UInt8], _ startNonce: [UInt8]) -> AEAD? {
        AEAD(key: HKDFSHA256.derive(from: key, salt: startNonce, info: "rondo datagram sender", length: 16))
    }

    private static func nonce(_ counter: UInt64) -> [UInt8] {
        [0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * $0)) }
    }

    package mutating func seal(_ plaintext: [UInt8]) -> [UInt8] {
        counter += 1
        let nonce = Self.nonce(counter)
        let head = startNonce + nonce[4...]
        return head + own.seal(plaintext, nonce: nonce, additional: head)
    }

    /// - Throws: `Failure`; then nothing was learnt from the datagram.
    package mutating func open(_ datagram: [UInt8]) throws(Failure) -> [UInt8] {
        guard datagram.count > Self.headLength + AEAD.tagLength else { throw .forged }
        let head = Array(datagram[..<Self.headLength])
        let name = Array(head[..<Self.nonceLength])
        guard name != startNonce else { throw .replayed }
        let counter = head[Self.nonceLength...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let sealed = Array(datagram[Self.headLength...])
        var sender = senders[name] ?? Sender(ciphers: ciphers(of: name))
        for cipher in sender.ciphers {
            guard let opened = cipher.open(sealed, nonce: Self.nonce(counter), additional: head) else { continue }
            guard Self.isNew(counter, in: &sender) else { throw .replayed }
            remember(sender, name)
            return opened
        }
        throw .forged
    }

    private static func isNew(_ counter: UInt64, in sender: inout Sender) -> Bool {
        if counter > sender.highest {
            let step = counter - sender.highest
            if step >= window { sender.seen = .init(repeating: 0) } else { shift(&sender.seen, by: Int(step)) }
            sender.highest = counter
            sender.seen[0] |= 1
            return true
        }
        let age = sender.highest - counter
        guard age < window else { return false }
        let bit = UInt64(1) << (age % 64)
        guard sender.seen[Int(age / 64)] & bit == 0 else { return false }
        sender.seen[Int(age / 64)] |= bit
        return true
    }

    private static func shift(_ seen: inout [16 of UInt64], by step: Int) {
        let words = step / 64
        let bits = UInt64(step % 64)
        for index in stride(from: 15, through: 0, by: -1) {
            let source = index - words
            var value: UInt64 = source >= 0 ? seen[source] << bits : 0
            if bits > 0, source >= 1 { value |= seen[source - 1] >> (64 - bits) }
            seen[index] = value
        }
    }

    private mutating func remember(_ sender: Sender, _ name: [UInt8]) {
        uses += 1
        var used = sender
        used.lastUse = uses
        senders[name] = used
        if senders.count > Self.maximumSenders, let oldest = senders.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            senders[oldest.key] = nil
        }
    }
}
