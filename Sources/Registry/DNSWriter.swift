internal import Model

/// Writes a DNS message, each name shortened by a pointer to where its ending stands already (RFC 1035 §4.1.4).
struct DNSWriter {
    enum Section: Int { case answer = 6, authority = 8, additional = 10 }

    private(set) var bytes: [UInt8]
    /// Where a name begins that may be pointed to, by its folded wire form.
    private var places: [ArraySlice<UInt8>: Int] = [:]

    init(_ header: DNSHeader) {
        bytes = []
        append(word: header.id)
        append(word: header.flags)
        bytes += [UInt8](repeating: 0, count: 8)
    }

    mutating func append(_ question: DNSQuestion) {
        append(name: question.name, compress: true, learn: true)
        append(word: question.type.value)
        append(word: question.recordClass.value)
        increment(4)
    }

    mutating func append(_ record: DNSRecord, to section: Section) {
        append(record, learn: true)
        increment(section.rawValue)
    }

    /// The record's bytes where all that may be pointed to is the question: so they are right at any place of an
    /// answer.
    func portable(_ record: DNSRecord) -> [UInt8] {
        var copy = self
        let start = copy.bytes.count
        copy.append(record, learn: false)
        return Array(copy.bytes[start...])
    }

    private mutating func append(_ record: DNSRecord, learn: Bool) {
        append(name: record.name, compress: true, learn: learn)
        append(word: record.type.value)
        append(word: record.recordClass.value)
        append(longWord: record.ttl)
        let place = bytes.count
        append(word: 0)
        append(record.data, learn: learn)
        let length = bytes.count - place - 2
        bytes[place] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[place + 1] = UInt8(truncatingIfNeeded: length)
    }

    private mutating func append(_ data: RecordData, learn: Bool) {
        switch data {
        case .address(let address): append(longWord: address.value)
        case .nameServer(let name): append(name: name, compress: true, learn: learn)
        case .authority(let authority):
            append(name: authority.server, compress: true, learn: learn)
            append(name: authority.mailbox, compress: true, learn: learn)
            for value in [authority.serial, authority.refresh, authority.retry, authority.expire, authority.negative] {
                append(longWord: value)
            }
        case .text(let strings):
            for string in strings {
                bytes.append(UInt8(min(string.count, 255)))
                bytes += string.prefix(255)
            }
        case .service(let location):
            append(word: location.priority)
            append(word: location.weight)
            append(word: location.port)
            // RFC 2782: the target is never compressed.
            append(name: location.target, compress: false, learn: false)
        case .unknown(let raw): bytes += raw
        }
    }

    private mutating func append(name: DomainName, compress: Bool, learn: Bool) {
        for boundary in name.boundaries.dropLast() {
            if compress, let place = places[name.folded[boundary...]] {
                append(word: 0xC000 | UInt16(place))
                return
            }
            if learn, bytes.count < 0x4000 { places[name.folded[boundary...]] = bytes.count }
            bytes += name.wire[boundary...boundary + Int(name.wire[boundary])]
        }
        bytes.append(0)
    }

    private mutating func append(word: UInt16) {
        bytes.append(UInt8(word >> 8))
        bytes.append(UInt8(word & 255))
    }

    private mutating func append(longWord: UInt32) {
        append(word: UInt16(longWord >> 16))
        append(word: UInt16(longWord & 0xFFFF))
    }

    private mutating func increment(_ place: Int) {
        let count = (UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])) &+ 1
        bytes[place] = UInt8(count >> 8)
        bytes[place + 1] = UInt8(count & 255)
    }
}
