internal import Model

extension Registry {
    /// Compares an update's prerequisites with the zone (RFC 2136 §3.2), whose form has been checked.
    /// - Returns: NOERROR, or the code of the first that is not met; nil where this registry does not know yet.
    func unmet(_ prerequisites: [UpdateRecord]) -> ResponseCode? {
        var wanted: [DomainName: [RecordType: Set<RecordData>]] = [:]
        var names: [DomainName] = []
        for record in prerequisites {
            guard let sets = sets(at: record.name) else { return nil }
            switch (record.recordClass, record.type) {
            case (.any, .any): if sets.isEmpty { return .nameError }
            case (.any, _): if sets[record.type] == nil { return .noSuchSet }
            case (.none, .any): if !sets.isEmpty { return .nameExists }
            case (.none, _): if sets[record.type] != nil { return .setExists }
            default:
                if wanted[record.name] == nil { names.append(record.name) }
                if let data = record.data { wanted[record.name, default: [:]][record.type, default: []].insert(data) }
            }
        }
        for name in names {
            guard let sets = sets(at: name) else { return nil }
            for (type, data) in wanted[name] ?? [:] where sets[type] != data { return .noSuchSet }
        }
        return .noError
    }

    /// The record sets at a name, as data; nil where this registry, which started empty, does not know yet.
    private func sets(at name: DomainName) -> [RecordType: Set<RecordData>]? {
        switch zone.node(at: name) {
        case nil, .empty: return [:]
        case .apex: return [.soa: [.authority(startOfAuthority)], .ns: [.nameServer(zone.registry)]]
        case .set(let set):
            guard set == .registry || knowsServers || latest >= fillsUntil else { return nil }
            return Self.sets(.a, servers(of: set).map { .address($0.address) })
        case .service(let service):
            guard service.set == .registry || knowsServers || latest >= fillsUntil else { return nil }
            return Self.sets(.srv, services(service).map(\.data))
        case .server(let id):
            if let server = server(id) {
                return [.a: [.address(server.address)], .txt: [.text(server.texts.map { Array($0.utf8) })]]
            }
            return knowsServers || latest >= fillsUntil ? [:] : nil
        }
    }

    private static func sets(_ type: RecordType, _ data: [RecordData]) -> [RecordType: Set<RecordData>] {
        data.isEmpty ? [:] : [type: Set(data)]
    }
}
