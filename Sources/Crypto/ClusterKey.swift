internal import Model

/// Why a text is no cluster key.
package enum ClusterKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing in it.
    case empty
    /// It is something else, or of a later version.
    case notAKey
    /// It was cut off, or a character was changed.
    case damaged

    package var description: String {
        switch self {
        case .empty: "the cluster key is empty; make one with `rondo key new`"
        case .notAKey: "this is no cluster key, which begins with \"rondo1-\"; make one with `rondo key new`"
        case .damaged: "the cluster key is damaged or cut off; copy all of it from where it was made"
        }
    }
}

/// The secret that all servers of a cluster share: the key IS the cluster, and everything else is derived from it.
///
/// Its text is `rondo1-` and 48 characters of base64url: 32 random bytes and 4 of their SHA-256, so that a key that was
/// cut off is refused instead of naming another cluster. It never prints.
package struct ClusterKey: Hashable, Sendable {
    private static let prefix = "rondo1-"

    private let secret: [UInt8]

    /// Draws a new key.
    package init(using generator: inout some RandomNumberGenerator) {
        var secret: [UInt8] = []
        for _ in 0..<4 {
            let word = generator.next()
            secret += (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        self.secret = secret
    }

    /// Draws a new key from the system.
    package init() {
        var generator = SystemKeyGenerator()
        self.init(using: &generator)
    }

    /// Reads the text of a key; one line end behind it is allowed, as editors and `rondo key new > file` write it.
    /// - Throws: `ClusterKeyError`, whose description says what to do.
    package init(text: String) throws(ClusterKeyError) {
        var line = Substring(text)
        if line.last?.isNewline == true { line.removeLast() }
        guard !line.isEmpty else { throw .empty }
        guard line.hasPrefix(Self.prefix) else { throw .notAKey }
        guard let bytes = Base64.urlBytes(String(line.dropFirst(Self.prefix.count))), bytes.count == 36,
            Array(bytes.suffix(4)) == Self.checksum(Array(bytes.prefix(32)))
        else { throw .damaged }
        secret = Array(bytes.prefix(32))
    }

    /// The text that other servers read: for a key file alone, never for a log.
    package var text: String { Self.prefix + Base64.urlText(secret + Self.checksum(secret)) }

    private static func checksum(_ secret: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(Array("rondo key check".utf8) + secret).bytes.prefix(4))
    }
}

extension ClusterKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "cluster key (hidden)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension ClusterKey {
    /// The cluster's name, 16 bytes: says nothing of the key, and is not sent either.
    package var clusterID: [UInt8] { HKDFSHA256.derive(from: secret, info: "rondo cluster", length: 16) }

    /// The name of the peer key, so that two may be valid during a rotation; what TLS sends is made of it anew for each
    /// handshake.
    package var peerIdentity: String { "rondo/1/" + Base64.urlText(clusterID) }

    /// The external PSK of peer connections, 32 bytes.
    package var peerKey: [UInt8] { HKDFSHA256.derive(from: secret, info: "rondo peer") }

    /// What is said over broadcast is sealed with keys made of this, 32 bytes.
    package var discoveryKey: [UInt8] { HKDFSHA256.derive(from: secret, info: "rondo discovery") }

    /// What probes and heartbeats are sealed with, 32 bytes.
    package var datagramKey: [UInt8] { HKDFSHA256.derive(from: secret, info: "rondo datagram") }

    /// The secret of the TSIG key `rondo-key.`, 32 bytes (the spec, §3).
    package var tsigSecret: [UInt8] { HKDFSHA256.derive(from: secret, info: "rondo tsig") }

    /// What follows `-y` for nsupdate and dig.
    package var tsigArgument: String { "hmac-sha256:rondo-key.:" + Base64.text(tsigSecret) }
}
