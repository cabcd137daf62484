package import Model

extension Registry {
    /// The most servers that one answer names; of more, each asker gets others.
    static let maximumListed = 1000

    /// Answers one packet from the DNS port (the spec, §3), whatever its bytes are.
    ///
    /// Answers to answers are never given, so that two servers cannot keep each other busy.
    package mutating func answer(
        _ packet: [UInt8], _ arrival: DNSArrival, at time: MonotonicTime, into effects: inout [RegistryEffect]
    ) -> DNSOutcome {
        _ = advance(to: time, into: &effects)
        if isUnsettled { settle(into: &effects) }
        guard packet.count >= 12, packet[2] & 0x80 == 0 else { return .dropped }
        let query: ReceivedQuery
        do throws(DNSError) {
            query = try ReceivedQuery(packet)
        } catch {
            return ReplyWriter.bare(packet, .formatError)
        }
        var reply = ReplyWriter(query, arrival.transport)
        if let code = authenticate(packet, query, arrival, &reply, into: &effects) { return reply.finished(code) }
        if let code = refusal(of: query) { return reply.finished(code) }
        guard query.header.opcode == .query else {
            guard let signature = query.signature?.record else {
                effects.append(.noteUpdate(.unsigned))
                return reply.finished(.refused)
            }
            return update(packet, query, signature, arrival, reply, into: &effects)
        }
        reply.fill(prepared(for: query.question), &generator)
        return reply.finished()
    }

    /// Checks the signature of a packet that has one, and prepares that of the answer.
    /// - Returns: the code for a packet whose signature is not good.
    private func authenticate(
        _ packet: [UInt8], _ query: ReceivedQuery, _ arrival: DNSArrival, _ reply: inout ReplyWriter,
        into effects: inout [RegistryEffect]
    ) -> ResponseCode? {
        guard let signature = query.signature else { return nil }
        let (verdict, signer) = tsigKeys.check(packet, signature, at: arrival.wallSeconds)
        reply.sign(with: signer)
        effects.append(.noteSignature(verdict))
        guard verdict != .good else { return nil }
        if query.header.opcode == .update { effects.append(.noteUpdate(UpdateOutcome(verdict))) }
        return verdict == .badLength ? .formatError : .notAuthoritative
    }

    /// The code for a query that the zone has nothing to say to; nil for one it answers.
    private func refusal(of query: ReceivedQuery) -> ResponseCode? {
        if let extended = query.extended, extended.version > 0 { return .badVersion }
        switch query.header.opcode {
        case .query: break
        case .update: return nil
        default: return .notImplemented
        }
        guard query.question.recordClass == .internet, query.question.name.isWithin(zone.apex) else { return .refused }
        switch query.question.type {
        case .axfr, .ixfr: return .refused
        case .opt, .tsig: return .formatError
        default: return nil
        }
    }
}

/// A query as it came: what an answer has to repeat, and what it depends on.
struct ReceivedQuery {
    let header: DNSHeader
    let question: DNSQuestion
    /// The question's bytes, repeated as they are: some resolvers hide random bits in the case of its letters.
    let questionBytes: ArraySlice<UInt8>
    let extended: EDNS?
    /// Its signature, not yet checked.
    var signature: ReceivedSignature? { signatures.first }
    /// None or one: in a row of its own, so that a query without is not larger for it wherever it is handed on.
    private let signatures: [ReceivedSignature]
    /// How many records are in the two sections behind the question.
    let counts: [2 of Int]

    /// Reads it to its last byte.
    /// - Throws: `DNSError`; the packet then gets FORMERR.
    init(_ packet: [UInt8]) throws(DNSError) {
        var reader = DNSReader(packet)
        let id = try reader.word()
        header = DNSHeader(id: id, flags: try reader.word())
        let questions = try reader.word()
        let (answers, authorities, additionals) = (try reader.word(), try reader.word(), try reader.word())
        guard questions == 1 else { throw reader.error(.badQuestion, at: 4) }
        question = try reader.question()
        questionBytes = packet[12..<reader.offset]
        // A pointer in the only name of a question can lead nowhere but into the header.
        guard questionBytes.count == question.name.wire.count + 4 else { throw reader.error(.badPointer, at: 12) }
        if header.opcode == .query, answers > 0 { throw reader.error(.badQuestion, at: 6) }
        var scan = TrailerScan()
        for _ in 0..<answers { try scan.record(&reader, isAdditional: false) }
        for _ in 0..<authorities { try scan.record(&reader, isAdditional: false) }
        for _ in 0..<additionals { try scan.record(&reader, isAdditional: true) }
        guard reader.isAtEnd else { throw reader.error(.bytesLeft) }
        extended = scan.extended
        signatures = scan.signature.map { [$0] } ?? []
        counts = [Int(answers), Int(authorities)]
    }
}

/// Passes over the records behind a question and keeps what matters of them.
private struct TrailerScan {
    var extended: EDNS?
    var signature: ReceivedSignature?

    mutating func record(_ reader: inout DNSReader, isAdditional: Bool) throws(DNSError) {
        let start = reader.offset
        // A signature is the last record of all (RFC 8945 §5.1).
        if signature != nil { throw reader.error(.bytesLeft, at: start) }
        let isRoot = try reader.skipName()
        let type = RecordType(try reader.word())
        let size = Int(try reader.word())
        let flags = try reader.longWord()
        let length = Int(try reader.word())
        if type == .tsig {
            // Its class and TTL have one value each (RFC 8945 §4.2), and its place is behind everything.
            guard isAdditional, RecordClass(UInt16(size)) == .any, flags == 0 else { throw reader.error(.badData) }
            var name = DNSReader(reader.bytes, at: start)
            let record = try TSIG(key: name.name(), &reader, end: reader.offset + length)
            signature = ReceivedSignature(record: record, start: start)
            return
        }
        let data = try reader.take(length)
        guard type == .opt else { return }
        guard isAdditional, isRoot, extended == nil, Self.areOptions(data) else {
            throw reader.error(.badOption, at: start)
        }
        extended = EDNS(size: size, version: UInt8(flags >> 16 & 255), wantsSignatures: flags & 0x8000 != 0)
    }

    /// Whether the bytes are a row of options, each with its length (RFC 6891 §6.1.2).
    private static func areOptions(_ data: ArraySlice<UInt8>) -> Bool {
        var rest = data
        while rest.count >= 4 {
            let length = Int(rest[rest.startIndex + 2]) << 8 | Int(rest[rest.startIndex + 3])
            guard rest.count >= 4 + length else { return false }
            rest = rest.dropFirst(4 + length)
        }
        return rest.isEmpty
    }
}
