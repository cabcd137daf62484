internal import Model

/// One record of an update's prerequisite or update section, as RFC 2136 §2.4 and §2.5 use its fields.
struct UpdateRecord: Hashable, Sendable {
    var name: DomainName
    var type: RecordType
    var recordClass: RecordClass
    var ttl: UInt32
    /// Nil where there is none.
    var data: RecordData?
}

/// The sections of a dynamic update behind its zone (RFC 2136 §2).
struct UpdateMessage: Hashable, Sendable {
    var prerequisites: [UpdateRecord] = []
    var updates: [UpdateRecord] = []

    /// Reads them from where the zone section ends. The packet's outline is known to be right.
    /// - Throws: `DNSError`; the update then gets FORMERR.
    init(_ packet: [UInt8], _ query: ReceivedQuery) throws(DNSError) {
        var reader = DNSReader(packet, at: query.questionBytes.endIndex)
        for _ in 0..<query.counts[0] { prerequisites.append(try reader.updateRecord()) }
        for _ in 0..<query.counts[1] { updates.append(try reader.updateRecord()) }
    }

    /// The first rule of form that a prerequisite breaks (RFC 2136 §3.2).
    func prerequisiteFault(in zone: DomainName) -> ResponseCode? {
        for record in prerequisites {
            guard record.ttl == 0 else { return .formatError }
            guard record.name.isWithin(zone) else { return .notZone }
            switch record.recordClass {
            case .any, .none: if record.data != nil { return .formatError }
            case .internet: if record.type == .any || record.data == nil { return .formatError }
            default: return .formatError
            }
        }
        return nil
    }

    /// The first rule of form that an update breaks (RFC 2136 §3.4.1).
    func updateFault(in zone: DomainName) -> ResponseCode? {
        for record in updates {
            guard record.name.isWithin(zone) else { return .notZone }
            // MAILA, MAILB and the transfers are questions, not types of records.
            let isQuestion = (251...254).contains(record.type.value)
            switch record.recordClass {
            case .internet: if isQuestion || record.type == .any || record.data == nil { return .formatError }
            case .any: if isQuestion || record.ttl != 0 || record.data != nil { return .formatError }
            case .none:
                if isQuestion || record.type == .any || record.ttl != 0 || record.data == nil { return .formatError }
            default: return .formatError
            }
        }
        return nil
    }
}

extension DNSReader {
    fileprivate mutating func updateRecord() throws(DNSError) -> UpdateRecord {
        let name = try name()
        let type = RecordType(try word())
        let recordClass = RecordClass(try word())
        let ttl = try longWord()
        let length = Int(try word())
        let end = offset + length
        guard end <= bytes.count else { throw error(.endsEarly) }
        var data: RecordData?
        if length > 0 { data = try self.data(of: type, length) }
        guard offset == end else { throw error(.badData) }
        return UpdateRecord(name: name, type: type, recordClass: recordClass, ttl: ttl, data: data)
    }
}
