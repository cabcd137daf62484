import Model
import Wire

extension ProtobufWriter {
    mutating func range(_ field: Int, _ range: RosterRange) {
        message(field) { writer in
            writer.id(1, range.start)
            writer.integer(2, UInt64(range.digits))
        }
    }

    mutating func digest(_ field: Int, _ digest: RangeDigest) {
        message(field) { writer in
            writer.range(1, digest.range)
            writer.fixed(2, digest.digest)
            writer.integer(3, UInt64(digest.count))
        }
    }
}

extension RosterRange {
    init(_ field: ProtobufField) throws(ProtobufError) {
        let digits = try field.first(2)
        let count = try digits?.integer(Int.self) ?? 0
        if let digits, count > RosterNode.maximumDepth { try digits.refuse() }
        self.init(start: try field.required(1).id(), digits: count)
    }
}

extension RangeDigest {
    init(_ field: ProtobufField) throws(ProtobufError) {
        self.init(
            range: try RosterRange(field.required(1)), digest: try field.first(2)?.fixed() ?? 0,
            count: try field.first(3)?.integer(Int.self) ?? 0)
    }
}
