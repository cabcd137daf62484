import Model
import Wire

extension Ring.Message {
    /// The one field of an envelope that is the message.
    package var encoded: [UInt8] {
        var writer = ProtobufWriter()
        switch self {
        case .join(let entry): writer.entry(3, entry)
        case .roster(let roster, let wantsAnswer):
            writer.message(4) { writer in
                writer.entries(1, roster.entries)
                writer.flag(2, wantsAnswer)
            }
        case .digests(let sender, let digests):
            writer.message(5) { writer in
                writer.entry(1, sender)
                for digest in digests { writer.digest(2, digest) }
            }
        case .part(let entries, let ranges, let wantsAnswer):
            writer.message(6) { writer in
                writer.entries(1, entries)
                for range in ranges { writer.range(2, range) }
                writer.flag(3, wantsAnswer)
            }
        case .changes(let entries, let last):
            writer.message(7) { writer in
                writer.entries(1, entries)
                if let last { writer.id(2, last) }
            }
        case .alert(let alert): writer.alert(8, alert)
        case .imbalance(let imbalance): writer.imbalance(9, imbalance)
        case .probeRequest(let subject, let endpoint):
            writer.message(10) { writer in
                writer.life(1, subject)
                writer.host(2, endpoint.host)
                writer.integer(3, UInt64(endpoint.port))
            }
        case .probeReport(let subject, let heard):
            writer.message(11) { writer in
                writer.life(1, subject)
                writer.flag(2, heard)
            }
        case .accusation(let entry): writer.entry(12, entry)
        case .token(let mark):
            writer.message(13) { writer in
                writer.integer(1, mark.serial)
                writer.id(2, mark.holder)
            }
        case .damping(let milliseconds): writer.message(14) { $0.integer(1, milliseconds) }
        }
        return writer.bytes
    }

    /// Nil for a field of an envelope that is no message, or one that this version does not know.
    init?(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 3: self = .join(try RosterEntry(field))
        case 4: self = .roster(try Roster(field), wantsAnswer: try field.flag(2))
        case 5: self = .digests(try RosterEntry(field.required(1)), try field.all(2, RangeDigest.init))
        case 6:
            let ranges = try field.all(2, RosterRange.init)
            self = .part(try field.all(1, RosterEntry.init), of: ranges, wantsAnswer: try field.flag(3))
        case 7: self = .changes(try field.all(1, RosterEntry.init), through: try field.first(2)?.id())
        case 8: self = .alert(try Alert(field))
        case 9: self = .imbalance(try Imbalance(field))
        case 10:
            let host = try field.first(2)?.host() ?? .any
            let port = try field.first(3)?.integer(UInt16.self) ?? 0
            self = .probeRequest(subject: try ServerLife(field.required(1)), at: Endpoint(host, port))
        case 11: self = .probeReport(subject: try ServerLife(field.required(1)), heard: try field.flag(2))
        case 12: self = .accusation(try RosterEntry(field))
        case 13: self = .token(try TokenMark(field))
        case 14: self = .damping(milliseconds: try field.first(1)?.signed() ?? 0)
        default: return nil
        }
    }
}

extension Roster {
    /// Reads entries in any order.
    /// - Throws: `tooMany` for more than `maximumEntries`.
    fileprivate init(_ field: ProtobufField) throws(ProtobufError) {
        self.init([])
        try field.each { field throws(ProtobufError) in
            guard field.number == 1 else { return }
            merge(try RosterEntry(field))
            if count > Roster.maximumEntries { throw .tooMany(field: 1) }
        }
    }
}
