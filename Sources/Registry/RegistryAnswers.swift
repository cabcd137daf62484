package import Model

extension Registry {
    /// The most servers that one answer names; of more, each asker gets others.
    static let maximumListed = 1000

    /// Answers one packet from the DNS port (the spec, §3), whatever its bytes are.
    ///
    /// Answers to answers are never given, so that two servers cannot keep each other busy.
    package mutating func answer(
        _ packet: [UInt8], over transport: DNSTransport, at time: MonotonicTime, into effects: inout [RegistryEffect]
    ) -> DNSOutcome {
        _ = advance(to: time, into: &effects)
        if changed || nextSweep < timer { settle(into: &effects) }
        guard packet.count >= 12, packet[2] & 0x80 == 0 else { return .dropped }
        let query: ReceivedQuery
        do throws(DNSError) {
            query = try ReceivedQuery(packet)
        } catch {
            return ReplyWriter.bare(packet, .formatError)
        }
        var reply = ReplyWriter(query, transport)
        if let code = refusal(of: query) { return reply.finished(code) }
        reply.fill(prepared(for: query.question), &generator)
        return reply.finished()
    }

    /// The code for a query that the zone has nothing to say to; nil for one it answers.
    private func refusal(of query: ReceivedQuery) -> ResponseCode? {
        if let extended = query.extended, extended.version > 0 { return .badVersion }
        switch query.header.opcode {
        case .query: break
        case .update: return .refused
        default: return .notImplemented
        }
        if query.isSigned { return .notAuthoritative }
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
    let isSigned: Bool

    /// Reads it to its last byte.
    /// - Throws: `DNSError`; the packet then gets FORMERR.
    init(_ packet: [UInt8]) throws(DNSError) {
        var reader = DNSReader(packet)
        let id = try reader.word()
        header = DNSHeader(id: id, flags: try reader.word())
        let questions = try reader.word()
        let records = [try reader.word(), try reader.word(), try reader.word()]
        guard questions == 1 else { throw reader.error(.badQuestion, at: 4) }
        question = try reader.question()
        questionBytes = packet[12..<reader.offset]
        // A pointer in the only name of a question can lead nowhere but into the header.
        guard questionBytes.count == question.name.wire.count + 4 else { throw reader.error(.badPointer, at: 12) }
        if header.opcode == .query, records[0] > 0 { throw reader.error(.badQuestion, at: 6) }
        var scan = TrailerScan()
        for _ in 0..<records[0] { try scan.record(&reader, isAdditional: false) }
        for _ in 0..<records[1] { try scan.record(&reader, isAdditional: false) }
        for _ in 0..<records[2] { try scan.record(&reader, isAdditional: true) }
        guard reader.isAtEnd else { throw reader.error(.bytesLeft) }
        extended = scan.extended
        isSigned = scan.isSigned
    }
}

/// Passes over the records behind a question and keeps what matters of them.
private struct TrailerScan {
    var extended: EDNS?
    var isSigned = false

    mutating func record(_ reader: inout DNSReader, isAdditional: Bool) throws(DNSError) {
        let start = reader.offset
        // A signature is the last record of all (RFC 8945 §5.1).
        if isSigned { throw reader.error(.bytesLeft, at: start) }
        let isRoot = try reader.skipName()
        let type = RecordType(try reader.word())
        let size = Int(try reader.word())
        let flags = try reader.longWord()
        let data = try reader.take(Int(try reader.word()))
        guard isAdditional else { return }
        if type == .tsig { isSigned = true }
        guard type == .opt else { return }
        guard isRoot, extended == nil, Self.areOptions(data) else { throw reader.error(.badOption, at: start) }
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
