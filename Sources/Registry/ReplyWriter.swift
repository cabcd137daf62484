internal import Model

/// Puts one answer together, within the length that the asker can take.
struct ReplyWriter {
    private let extended: EDNS?
    private let limit: Int
    private var bytes: [UInt8]
    private var header: DNSHeader
    private var counts: [3 of UInt16] = .init(repeating: 0)
    private var error: EDNS.ExtendedError?
    private var code = ResponseCode.noError
    /// None or one; most answers are not signed, and are not to be larger for it.
    private var signers: [TSIGSigner] = []
    private var signer: TSIGSigner? { signers.first }

    init(_ query: ReceivedQuery, _ transport: DNSTransport) {
        extended = query.extended
        limit = Self.limit(query.extended, transport)
        header = DNSHeader(id: query.header.id)
        header.isResponse = true
        header.opcode = query.header.opcode
        header.wantsRecursion = query.header.wantsRecursion
        header.checkingDisabled = query.header.checkingDisabled
        bytes = []
        bytes.reserveCapacity(min(limit, EDNS.payload))
        bytes += [UInt8](repeating: 0, count: 12)
        bytes += query.questionBytes
    }

    private static func limit(_ extended: EDNS?, _ transport: DNSTransport) -> Int {
        if transport == .tcp { return Int(UInt16.max) }
        guard let extended else { return EDNS.plainPayload }
        return min(max(extended.size, EDNS.plainPayload), EDNS.payload)
    }

    /// Has the answer signed when it is finished.
    mutating func sign(with signer: TSIGSigner?) { signers = signer.map { [$0] } ?? [] }

    /// Has the answer say BADTIME, and what time it is here.
    mutating func tellTime(_ asked: TSIG, _ wallSeconds: UInt64) {
        sign(with: signer?.tellingTime(asked, wallSeconds))
    }

    /// Takes over a prepared answer in a new random order, or sets TC where it does not fit as a whole.
    mutating func fill(_ prepared: PreparedAnswer, _ generator: inout SeededGenerator) {
        code = prepared.code
        error = prepared.error
        header.isAuthoritative = code != .serverFailure
        let room = limit - (extended == nil ? 0 : 17) - (signer?.record.signedLength ?? 0)
        let order = Self.order(prepared.answers.count, &generator)
        let length = order.reduce(bytes.count + prepared.authority.count) { $0 + prepared.answers[$1].count }
        guard length <= room else {
            header.isTruncated = true
            return
        }
        for index in order { bytes += prepared.answers[index] }
        counts[0] = UInt16(order.count)
        bytes += prepared.authority
        counts[1] = prepared.authorityCount
        appendAdditionals(prepared, order, room)
    }

    /// What the asker will need next goes in as far as it fits; leaving it out is no truncation (RFC 2181 §9).
    private mutating func appendAdditionals(_ prepared: PreparedAnswer, _ order: [Int], _ room: Int) {
        let paired = prepared.additionals.count == prepared.answers.count
        for index in paired ? order : Array(prepared.additionals.indices) {
            let record = prepared.additionals[index]
            guard bytes.count + record.count <= room else { return }
            bytes += record
            counts[2] += 1
        }
    }

    /// The places of `count` records in random order, at most as many as one answer names.
    private static func order(_ count: Int, _ generator: inout SeededGenerator) -> [Int] {
        var order = Array(0..<count)
        let wanted = min(count, Registry.maximumListed)
        for index in 0..<wanted where count - index > 1 {
            order.swapAt(index, Int.random(in: index..<count, using: &generator))
        }
        return wanted < count ? Array(order[..<wanted]) : order
    }

    consuming func finished(_ refusal: ResponseCode? = nil) -> DNSOutcome {
        if let refusal { code = refusal }
        header.code = code
        if let extended {
            bytes += extended.reply(code, error)
            counts[2] += 1
        }
        Self.write(header, questions: 1, counts, into: &bytes)
        // Somebody else's key may have a name that leaves no room.
        if let signer, bytes.count + signer.record.signedLength <= limit { signer.sign(&bytes) }
        return .reply(bytes, code)
    }

    /// An answer to a packet that could not be read, of which only the id and the opcode are known.
    static func bare(_ packet: [UInt8], _ code: ResponseCode) -> DNSOutcome {
        let asked = DNSHeader(
            id: UInt16(packet[0]) << 8 | UInt16(packet[1]), flags: UInt16(packet[2]) << 8 | UInt16(packet[3]))
        var header = DNSHeader(id: asked.id)
        header.isResponse = true
        header.opcode = asked.opcode
        header.wantsRecursion = asked.wantsRecursion
        header.code = asked.opcode == .query || asked.opcode == .update ? code : .notImplemented
        var bytes = [UInt8](repeating: 0, count: 12)
        write(header, questions: 0, .init(repeating: 0), into: &bytes)
        return .reply(bytes, header.code)
    }

    private static func write(
        _ header: DNSHeader, questions: UInt16, _ counts: [3 of UInt16], into bytes: inout [UInt8]
    ) {
        let words = [header.id, header.flags, questions, counts[0], counts[1], counts[2]]
        for (index, word) in words.enumerated() {
            bytes[2 * index] = UInt8(word >> 8)
            bytes[2 * index + 1] = UInt8(word & 255)
        }
    }
}
