package import Model

/// The first 12 bytes of a message without the counts (RFC 1035 §4.1.1).
package struct DNSHeader: Hashable, Sendable {
    package var id: UInt16
    package var isResponse = false
    package var opcode = Opcode.query
    package var isAuthoritative = false
    package var isTruncated = false
    package var wantsRecursion = false
    package var offersRecursion = false
    /// The CD bit, which an answer repeats (RFC 4035 §3.2.2).
    package var checkingDisabled = false
    /// The low four bits; an OPT record holds the rest.
    package var code = ResponseCode.noError

    package init(id: UInt16) { self.id = id }

    init(id: UInt16, flags: UInt16) {
        self.id = id
        isResponse = flags & 0x8000 != 0
        opcode = Opcode(UInt8(flags >> 11 & 15))
        isAuthoritative = flags & 0x0400 != 0
        isTruncated = flags & 0x0200 != 0
        wantsRecursion = flags & 0x0100 != 0
        offersRecursion = flags & 0x0080 != 0
        checkingDisabled = flags & 0x0010 != 0
        code = ResponseCode(flags & 15)
    }

    var flags: UInt16 {
        var flags = UInt16(opcode.value) << 11 | code.value & 15
        if isResponse { flags |= 0x8000 }
        if isAuthoritative { flags |= 0x0400 }
        if isTruncated { flags |= 0x0200 }
        if wantsRecursion { flags |= 0x0100 }
        if offersRecursion { flags |= 0x0080 }
        if checkingDisabled { flags |= 0x0010 }
        return flags
    }
}

/// What a message asks.
package struct DNSQuestion: Hashable, Sendable {
    package var name: DomainName
    package var type: RecordType
    package var recordClass: RecordClass

    package init(_ name: DomainName, _ type: RecordType, _ recordClass: RecordClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }
}

/// A zone's own record (RFC 1035 §3.3.13); all times in seconds.
package struct StartOfAuthority: Hashable, Sendable {
    package var server: DomainName
    package var mailbox: DomainName
    package var serial: UInt32
    package var refresh: UInt32
    package var retry: UInt32
    package var expire: UInt32
    /// How long a negative answer may be kept (RFC 2308 §4).
    package var negative: UInt32

    package init(
        server: DomainName, mailbox: DomainName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32,
        negative: UInt32
    ) {
        self.server = server
        self.mailbox = mailbox
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.negative = negative
    }
}

/// Where a service is offered (RFC 2782).
package struct ServiceLocation: Hashable, Sendable {
    package var priority: UInt16
    package var weight: UInt16
    package var port: UInt16
    package var target: DomainName

    package init(priority: UInt16 = 0, weight: UInt16 = 1, port: UInt16, target: DomainName) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}

/// What a record says; a type that Rondo does not know keeps its bytes (RFC 3597).
package enum RecordData: Hashable, Sendable {
    case address(HostAddress)
    case nameServer(DomainName)
    case authority(StartOfAuthority)
    /// Each string of at most 255 bytes, at least one.
    case text([[UInt8]])
    case service(ServiceLocation)
    case unknown([UInt8])
}

/// One record of a message.
package struct DNSRecord: Hashable, Sendable {
    package var name: DomainName
    package var type: RecordType
    package var recordClass: RecordClass
    /// In seconds.
    package var ttl: UInt32
    package var data: RecordData

    package init(
        _ name: DomainName, _ type: RecordType, ttl: UInt32, _ data: RecordData, recordClass: RecordClass = .internet
    ) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
        self.ttl = ttl
        self.data = data
    }
}

/// A whole DNS message as values (RFC 1035 §4).
package struct DNSMessage: Hashable, Sendable {
    package var header: DNSHeader
    package var questions: [DNSQuestion] = []
    package var answers: [DNSRecord] = []
    package var authorities: [DNSRecord] = []
    package var additionals: [DNSRecord] = []

    package init(header: DNSHeader) { self.header = header }

    /// Reads a message to its last byte.
    /// - Throws: `DNSError` with the offset; nothing but a whole and right message is returned.
    package init(parsing bytes: [UInt8]) throws(DNSError) {
        var reader = DNSReader(bytes)
        let id = try reader.word()
        header = DNSHeader(id: id, flags: try reader.word())
        let counts = [try reader.word(), try reader.word(), try reader.word(), try reader.word()]
        // A count is only a claim: nothing is reserved for it, and the reader ends with the bytes.
        for _ in 0..<counts[0] { questions.append(try reader.question()) }
        for _ in 0..<counts[1] { answers.append(try reader.record()) }
        for _ in 0..<counts[2] { authorities.append(try reader.record()) }
        for _ in 0..<counts[3] { additionals.append(try reader.record()) }
        guard reader.isAtEnd else { throw reader.error(.bytesLeft) }
    }

    /// The message with its names compressed, whatever its length.
    package var bytes: [UInt8] {
        var writer = DNSWriter(header)
        for question in questions { writer.append(question) }
        for record in answers { writer.append(record, to: .answer) }
        for record in authorities { writer.append(record, to: .authority) }
        for record in additionals { writer.append(record, to: .additional) }
        return writer.bytes
    }
}

extension DNSReader {
    mutating func question() throws(DNSError) -> DNSQuestion {
        let name = try name()
        let type = RecordType(try word())
        return DNSQuestion(name, type, RecordClass(try word()))
    }

    mutating func record() throws(DNSError) -> DNSRecord {
        let name = try name()
        let type = RecordType(try word())
        let recordClass = RecordClass(try word())
        let ttl = try longWord()
        let length = Int(try word())
        let start = offset
        guard start + length <= bytes.count else { throw error(.endsEarly) }
        let data = try data(of: recordClass == .internet ? type : .opt, length)
        guard offset == start + length else { throw error(.badData, at: start) }
        return DNSRecord(name, type, ttl: ttl, data, recordClass: recordClass)
    }

    /// Reads the data of a record of class IN.
    mutating func data(of type: RecordType, _ length: Int) throws(DNSError) -> RecordData {
        switch type {
        case .a:
            guard length == 4 else { throw error(.badData) }
            return .address(HostAddress(try longWord()))
        case .ns: return .nameServer(try name())
        case .srv:
            guard length >= 7 else { throw error(.badData) }
            let priority = try word()
            let weight = try word()
            let port = try word()
            return .service(ServiceLocation(priority: priority, weight: weight, port: port, target: try name()))
        case .txt: return .text(try strings(length))
        case .soa: return .authority(try authority())
        default: return .unknown(Array(try take(length)))
        }
    }

    private mutating func strings(_ length: Int) throws(DNSError) -> [[UInt8]] {
        let end = offset + length
        var strings: [[UInt8]] = []
        repeat {
            let size = Int(try byte())
            guard offset + size <= end else { throw error(.badData) }
            strings.append(Array(try take(size)))
        } while offset < end
        return strings
    }

    private mutating func authority() throws(DNSError) -> StartOfAuthority {
        let server = try name()
        let mailbox = try name()
        let serial = try longWord()
        let refresh = try longWord()
        let retry = try longWord()
        let expire = try longWord()
        return StartOfAuthority(
            server: server, mailbox: mailbox, serial: serial, refresh: refresh, retry: retry, expire: expire,
            negative: try longWord())
    }
}
