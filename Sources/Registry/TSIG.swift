internal import Crypto
internal import Model

/// What is wrong with a signature, as a TSIG record says it (RFC 8945 §3).
struct TSIGError: Hashable, Sendable {
    let value: UInt16

    static let none = TSIGError(value: 0)
    static let badSignature = TSIGError(value: 16)
    static let badKey = TSIGError(value: 17)
    static let badTime = TSIGError(value: 18)
    static let badTruncation = TSIGError(value: 22)
}

/// A message's signature: its last record (RFC 8945 §4.2). Times are in seconds since 1970.
struct TSIG: Hashable, Sendable {
    /// How far two clocks may be apart: the recommended value, and the most that is granted to an asker.
    static let fudge: UInt16 = 300
    static let keyName = DomainName(checked: [9] + Array("rondo-key".utf8) + [0])
    static let algorithm = DomainName(checked: [11] + Array("hmac-sha256".utf8) + [0])

    var key = TSIG.keyName
    var algorithm = TSIG.algorithm
    /// 48 bits.
    var time: UInt64
    var fudge = TSIG.fudge
    var code: [UInt8] = []
    var originalID: UInt16
    var error = TSIGError.none
    var other: [UInt8] = []

    init(time: UInt64, originalID: UInt16) {
        self.time = time
        self.originalID = originalID
    }

    /// Reads the data of a record named `key`, which ends at `end`.
    /// - Throws: `DNSError`; the message then gets FORMERR (RFC 8945 §5.2).
    init(key: DomainName, _ reader: inout DNSReader, end: Int) throws(DNSError) {
        self.key = key
        algorithm = try reader.name()
        time = UInt64(try reader.word()) << 32
        time |= UInt64(try reader.longWord())
        fudge = try reader.word()
        code = Array(try reader.take(Int(try reader.word())))
        originalID = try reader.word()
        error = TSIGError(value: try reader.word())
        other = Array(try reader.take(Int(try reader.word())))
        guard reader.offset == end else { throw reader.error(.badData) }
    }

    /// The record, names uncompressed.
    var bytes: [UInt8] {
        var data = algorithm.wire
        data.append(time: time)
        data.append(word: fudge)
        data.append(word: UInt16(code.count))
        data += code
        for word in [originalID, error.value, UInt16(other.count)] { data.append(word: word) }
        data += other
        var record = key.wire
        for word in [RecordType.tsig.value, RecordClass.any.value, 0, 0, UInt16(data.count)] {
            record.append(word: word)
        }
        return record + data
    }

    /// The length of `bytes` once there is a whole code in it.
    var signedLength: Int { key.wire.count + algorithm.wire.count + 26 + HMACSHA256.length + other.count }

    /// What is signed besides the message itself (RFC 8945 §4.3.3): names in lower case, the record's class and TTL.
    var variables: [UInt8] {
        var bytes = key.folded
        for word in [RecordClass.any.value, 0, 0] { bytes.append(word: word) }
        bytes += algorithm.folded
        bytes.append(time: time)
        for word in [fudge, error.value, UInt16(other.count)] { bytes.append(word: word) }
        return bytes + other
    }
}

extension [UInt8] {
    mutating func append(word: UInt16) {
        append(UInt8(word >> 8))
        append(UInt8(word & 255))
    }

    mutating func append(longWord: UInt32) {
        append(word: UInt16(longWord >> 16))
        append(word: UInt16(longWord & 0xFFFF))
    }

    /// Appends the low 48 bits.
    mutating func append(time: UInt64) {
        for shift in stride(from: 40, through: 0, by: -8) { append(UInt8(time >> shift & 255)) }
    }
}
