internal import Crypto
internal import Model

/// What became of a signed message's signature.
package enum SignatureVerdict: String, Hashable, Sendable, CaseIterable {
    case good
    /// Another key's name or another algorithm.
    case badKey = "bad_key"
    /// Not made with any of the keys, or not over these bytes.
    case badSignature = "bad_signature"
    /// Signed too long ago, or too far ahead.
    case badTime = "bad_time"
    /// Right as far as it goes, but cut off.
    case badTruncation = "bad_truncation"
    /// Of a length that no code has: a format error.
    case badLength = "bad_length"
}

/// How an answer is signed: with which secret, and over which request's code.
struct TSIGSigner: Hashable, Sendable {
    /// Nil for an answer that says that the key or the code is wrong: it carries no code (RFC 8945 §5.3.2).
    var secret: [UInt8]?
    var requestCode: [UInt8]
    var record: TSIG

    /// Appends the signature to a whole message and counts it in the message's header.
    func sign(_ message: inout [UInt8]) {
        var record = record
        if let secret {
            let prefix = requestCode.isEmpty ? [] : TSIGSigner.prefix(requestCode)
            record.code = HMACSHA256.code(prefix + message + record.variables, key: secret)
        }
        message += record.bytes
        let count = (UInt16(message[10]) << 8 | UInt16(message[11])) &+ 1
        message[10] = UInt8(count >> 8)
        message[11] = UInt8(count & 255)
    }

    private static func prefix(_ code: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(word: UInt16(code.count))
        return bytes + code
    }
}

/// The keys of a cluster as DNS sees them, and the check of what was signed with them (RFC 8945 §5.2).
struct TSIGKeys: Hashable, Sendable {
    /// One for each key of the cluster; several while keys change.
    let secrets: [[UInt8]]

    /// Checks in the order that RFC 8945 §5.2 prescribes: key, code, time, truncation.
    /// - Returns: the verdict, and how to sign the answer; nil where there is none to be signed.
    func check(
        _ packet: [UInt8], _ signature: ReceivedSignature, at wallSeconds: UInt64
    ) -> (SignatureVerdict, TSIGSigner?) {
        let asked = signature.record
        var record = TSIG(time: wallSeconds, originalID: asked.originalID)
        record.key = asked.key
        record.algorithm = asked.algorithm
        var signer = TSIGSigner(secret: nil, requestCode: [], record: record)
        guard asked.key == TSIG.keyName, asked.algorithm == TSIG.algorithm, !secrets.isEmpty else {
            signer.record.error = .badKey
            return (.badKey, signer)
        }
        guard (HMACSHA256.length / 2...HMACSHA256.length).contains(asked.code.count) else { return (.badLength, nil) }
        guard let secret = secret(of: packet, signature) else {
            signer.record.error = .badSignature
            return (.badSignature, signer)
        }
        signer.secret = secret
        signer.requestCode = asked.code
        let distance = max(wallSeconds, asked.time) - min(wallSeconds, asked.time)
        if distance > min(asked.fudge, TSIG.fudge) { return (.badTime, signer.tellingTime(asked, wallSeconds)) }
        guard asked.code.count == HMACSHA256.length else {
            signer.record.error = .badTruncation
            return (.badTruncation, signer)
        }
        return (.good, signer)
    }

    /// The secret with which a message has been signed.
    private func secret(of packet: [UInt8], _ signature: ReceivedSignature) -> [UInt8]? {
        var message = Array(packet[..<signature.start])
        message[0] = UInt8(signature.record.originalID >> 8)
        message[1] = UInt8(signature.record.originalID & 255)
        let count = (UInt16(message[10]) << 8 | UInt16(message[11])) &- 1
        message[10] = UInt8(count >> 8)
        message[11] = UInt8(count & 255)
        message += signature.record.variables
        let code = signature.record.code
        return secrets.first { secret in
            let right = Array(HMACSHA256.code(message, key: secret).prefix(code.count))
            return ConstantTime.equal(right, code)
        }
    }
}

extension TSIGSigner {
    /// The same for an answer that says BADTIME: under the asker's own time, so that it can be verified, and with ours
    /// beside it, so that the asker can correct its clock (RFC 8945 §5.2.3).
    func tellingTime(_ asked: TSIG, _ wallSeconds: UInt64) -> TSIGSigner {
        var signer = self
        signer.record.error = .badTime
        signer.record.time = asked.time
        signer.record.fudge = asked.fudge
        signer.record.other = []
        signer.record.other.append(time: wallSeconds)
        return signer
    }
}

/// A signature as it came: the record, and where it begins in the packet.
struct ReceivedSignature: Hashable, Sendable {
    var record: TSIG
    var start: Int
}
