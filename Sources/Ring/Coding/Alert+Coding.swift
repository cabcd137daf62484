import Model
import Wire

extension ProtobufWriter {
    mutating func alert(_ field: Int, _ alert: Alert) {
        message(field) { writer in
            writer.life(1, alert.id.origin)
            writer.integer(2, alert.id.sequence)
            writer.entries(3, alert.failures)
            writer.epoch(4, alert.epoch)
            for row in alert.rows { writer.row(5, row) }
            writer.integer(6, UInt64(alert.counts.data))
            writer.integer(7, UInt64(alert.counts.router))
            writer.fixed(8, alert.visited)
            for life in alert.unheard { writer.life(9, life) }
            writer.integer(10, UInt64(alert.hops))
        }
    }

    private mutating func row(_ field: Int, _ row: AlertRow) {
        message(field) { writer in
            writer.life(1, row.life)
            writer.role(2, row.role)
            writer.host(3, row.address)
            writer.integer(4, Int64(row.load))
        }
    }

    mutating func imbalance(_ field: Int, _ imbalance: Imbalance) {
        message(field) { writer in
            writer.epoch(1, imbalance.epoch)
            writer.fixed(2, imbalance.base)
            writer.role(3, imbalance.role)
            for taker in imbalance.takers { writer.id(4, taker) }
            writer.flag(5, imbalance.isRebalancing)
        }
    }
}

extension Alert {
    init(_ field: ProtobufField) throws(ProtobufError) {
        let origin = try ServerLife(field.required(1))
        self.init(
            id: AlertID(origin: origin, sequence: try field.first(2)?.integer() ?? 0), failures: [], epoch: .none,
            rows: [], counts: RoleCounts(), visited: 0, unheard: [], hops: 0)
        try field.each { field throws(ProtobufError) in try take(field) }
    }

    private mutating func take(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 3: failures.append(try RosterEntry(field))
        case 4: epoch = try Epoch(field)
        case 5: rows.append(try AlertRow(field))
        case 6: counts.data = Int(try field.integer(UInt32.self))
        case 7: counts.router = Int(try field.integer(UInt32.self))
        case 8: visited = try field.fixed()
        case 9: unheard.append(try ServerLife(field))
        case 10: hops = Int(try field.integer(UInt32.self))
        default: break
        }
    }
}

extension AlertRow {
    init(_ field: ProtobufField) throws(ProtobufError) {
        self.init(
            life: try ServerLife(field.required(1)), role: try field.required(2).role(),
            address: try field.first(3)?.host() ?? .any, load: Int(try field.first(4)?.signed() ?? 0))
    }
}

extension Imbalance {
    init(_ field: ProtobufField) throws(ProtobufError) {
        let takers = try field.all(4) { field throws(ProtobufError) in try field.id() }
        self.init(
            epoch: try Epoch(field.required(1)), base: try field.first(2)?.fixed() ?? 0,
            role: try field.required(3).role(), takers: takers, isRebalancing: try field.flag(5))
    }
}
