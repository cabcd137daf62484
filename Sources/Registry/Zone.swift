internal import Model

/// A set of servers that has a name in the zone.
enum ServerSet: String, Hashable, Sendable, CaseIterable { case data, router, registry, server }

/// A service that servers offer.
struct ZoneService: Hashable, Sendable {
    enum Port: Sendable { case http, peer, dns }

    var set: ServerSet
    var port: Port
}

/// What stands at a name of the zone.
enum ZoneNode: Hashable, Sendable {
    case apex
    case set(ServerSet)
    case service(ZoneService)
    /// A name with names below it and no records of its own (RFC 8020): it exists.
    case empty
    case server(ServerID)

    /// Whether such a name, which exists, can have a record of the type.
    func mayHave(_ type: RecordType) -> Bool {
        switch self {
        case .apex: type == .soa || type == .ns || type == .any
        case .set: type == .a || type == .any
        case .service: type == .srv || type == .any
        case .empty: false
        // Whether a server's name exists is another question.
        case .server: true
        }
    }
}

/// The names of a zone and what they stand for; who is there now is the registry's business.
package struct Zone: Sendable {
    package let apex: DomainName
    let registry: DomainName
    let mailbox: DomainName
    private let server: DomainName
    private let fixed: [DomainName: ZoneNode]

    /// Reads a zone's name, `rondo` or `music.example.org`; nil when it is no name, or so long that a server's name
    /// does not fit below it.
    package init?(_ text: String) {
        guard let apex = DomainName(text), apex != .root,
            apex.under(String(repeating: "0", count: 32), "server") != nil, let registry = apex.under("registry"),
            let server = apex.under("server"), let mailbox = apex.under("hostmaster")
        else { return nil }
        self.apex = apex
        self.registry = registry
        self.server = server
        self.mailbox = mailbox
        fixed = Self.fixed(below: apex)
    }

    private static func fixed(below apex: DomainName) -> [DomainName: ZoneNode] {
        let services: [([String], ZoneService)] = [
            (["_http", "_tcp", "router"], ZoneService(set: .router, port: .http)),
            (["_peer", "_tcp", "data"], ZoneService(set: .data, port: .peer)),
            (["_peer", "_tcp", "router"], ZoneService(set: .router, port: .peer)),
            (["_dns", "_udp", "registry"], ZoneService(set: .registry, port: .dns)),
        ]
        var nodes: [DomainName: ZoneNode] = [apex: .apex]
        for set in ServerSet.allCases { apex.under(set.rawValue).map { nodes[$0] = .set(set) } }
        for (labels, service) in services {
            apex.under(labels[0], labels[1], labels[2]).map { nodes[$0] = .service(service) }
            apex.under(labels[1], labels[2]).map { nodes[$0] = .empty }
        }
        return nodes
    }

    /// What stands at `name`, which lies in the zone; nil when nothing can.
    func node(at name: DomainName) -> ZoneNode? {
        if let node = fixed[name] { return node }
        guard name.folded.count == server.folded.count + 33, name.folded[0] == 32,
            name.folded[33...].elementsEqual(server.folded),
            let id = ServerID(String(decoding: name.folded[1...32], as: UTF8.self))
        else { return nil }
        return .server(id)
    }

    func name(of id: ServerID) -> DomainName {
        // Safe to fall back: init saw that such a name fits.
        apex.under(id.description, "server") ?? apex
    }
}
