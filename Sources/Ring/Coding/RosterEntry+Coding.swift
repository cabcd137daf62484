import Model
import Wire

extension RosterEntry {
    /// Bytes of fields of later versions that are kept of one server.
    static let maximumUnknown = 1_024

    /// - Throws: `ProtobufError`; `missing` without an id or a role.
    init(_ field: ProtobufField) throws(ProtobufError) {
        self.init(
            id: try field.required(1).id(), incarnation: Incarnation(0), startNonce: 0,
            role: try field.required(6).role(), host: .any, peerPort: 0, httpPort: 0)
        version = 0
        try field.each { field throws(ProtobufError) in try take(field) }
    }

    private mutating func take(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1, 6: break
        case 2: incarnation = Incarnation(try field.integer())
        case 3: state = try field.state()
        case 4: version = try field.integer()
        case 5: startNonce = try field.fixed()
        case 7: roleEpoch = try Epoch(field)
        case 8: leaving = try field.flag()
        case 9: pinned = try field.flag()
        case 10: provisional = try field.flag()
        case 11: damped = try field.flag()
        case 12: host = try field.host()
        case 13: peerPort = try field.integer(UInt16.self)
        case 14: httpPort = try field.integer(UInt16.self)
        case 15: publicHttp = try field.text()
        case 16: capacity = try field.signed()
        case 17: unconfirmed = try field.flag()
        case 18: deadSeconds = try field.signed()
        default: if unknown.count + field.raw.count <= RosterEntry.maximumUnknown { unknown += field.raw }
        }
    }
}

extension ProtobufField {
    fileprivate func state() throws(ProtobufError) -> ServerState {
        let rank = try integer()
        guard let state = ServerState.allCases.first(where: { $0.rank == rank }) else { try refuse() }
        return state
    }
}

extension ProtobufWriter {
    mutating func entry(_ field: Int, _ entry: RosterEntry) {
        message(field) { writer in
            writer.id(1, entry.id)
            writer.integer(2, entry.incarnation.value)
            writer.integer(3, entry.state.rank)
            writer.integer(4, entry.version)
            writer.fixed(5, entry.startNonce)
            writer.role(6, entry.role)
            if entry.roleEpoch != .none { writer.epoch(7, entry.roleEpoch) }
            writer.flag(8, entry.leaving)
            writer.flag(9, entry.pinned)
            writer.flag(10, entry.provisional)
            writer.flag(11, entry.damped)
            writer.host(12, entry.host)
            writer.integer(13, UInt64(entry.peerPort))
            writer.integer(14, UInt64(entry.httpPort))
            if let publicHttp = entry.publicHttp { writer.text(15, publicHttp) }
            writer.integer(16, entry.capacity)
            writer.flag(17, entry.unconfirmed)
            writer.integer(18, entry.deadSeconds)
            writer.raw(entry.unknown)
        }
    }

    mutating func entries(_ field: Int, _ entries: [RosterEntry]) {
        for entry in entries { self.entry(field, entry) }
    }
}
