package import Model
package import Wire

/// Changes on their way from one server to another, as `docs/catalogue.proto` describes them.
package enum LogCodec {
    /// After so many bytes no further record is begun: one with the longest texts has 17 KB, and a frame has a bound.
    private static let enough = 1 << 20

    /// - Returns: the first of these records, all of them unless they are long; at least one.
    package static func encode(_ records: [LogRecord], isCaughtUp: Bool = false) -> [UInt8] {
        var writer = ProtobufWriter()
        for record in records where writer.bytes.count < enough {
            writer.message(1) { writer in
                writer.id(1, record.origin.server)
                writer.id(2, record.origin.log)
                writer.integer(3, record.sequence)
                writer.bytes(4, ChangeCodec.encode(record.change))
            }
        }
        writer.flag(2, isCaughtUp)
        return writer.bytes
    }

    /// - Throws: `ProtobufError`; `invalid` for an entry that is none of this version's.
    package static func decode(
        _ bytes: [UInt8]
    ) throws(ProtobufError) -> (records: [LogRecord], isCaughtUp: Bool) {
        let message = ProtobufReader.message(bytes)
        var records: [LogRecord] = []
        try message.each { field throws(ProtobufError) in
            if field.number == 1 { records.append(try LogRecord(field)) }
        }
        return (records, try message.first(2)?.flag() ?? false)
    }
}

extension LogRecord {
    fileprivate init(_ field: ProtobufField) throws(ProtobufError) {
        let body = try field.required(4)
        guard let change = ChangeCodec.decode(Array(try body.bytes())) else { try body.refuse() }
        let origin = LogOrigin(server: try field.required(1).id(), log: try field.required(2).id())
        self.init(origin: origin, sequence: try field.first(3)?.integer() ?? 0, change: change)
    }
}
