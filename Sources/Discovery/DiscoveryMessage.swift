package import Model

/// What tells one question from every other; drawn from the system's randomness for each.
package struct QuestionNonce: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Who asks, since each wants to hear something else.
package enum DiscoveryAsker: UInt8, Hashable, Sendable {
    /// Wants Routers.
    case client = 0
    /// Wants members of the ring and registries.
    case server = 1
}

/// "Who of our cluster is there?", sent to everybody on the network.
package struct DiscoveryQuestion: Hashable, Sendable {
    package var asker: DiscoveryAsker
    package var nonce: QuestionNonce
    /// `Roster.digest` of the asker, 0 without one: who has the same roster has nothing to tell.
    package var digest: UInt64

    package init(asker: DiscoveryAsker, nonce: QuestionNonce, digest: UInt64) {
        self.asker = asker
        self.nonce = nonce
        self.digest = digest
    }
}

/// A Data or Router server in an answer.
package struct DiscoveredServer: Hashable, Sendable {
    package var role: Role
    /// Where peers reach it.
    package var peer: Endpoint
    package var httpPort: UInt16

    package init(role: Role, peer: Endpoint, httpPort: UInt16) {
        self.role = role
        self.peer = peer
        self.httpPort = httpPort
    }

    package var http: Endpoint { Endpoint(peer.host, httpPort) }
}

/// A registry in an answer.
package struct DiscoveredRegistry: Hashable, Sendable {
    package var dns: Endpoint
    package var peerPort: UInt16

    package init(dns: Endpoint, peerPort: UInt16) {
        self.dns = dns
        self.peerPort = peerPort
    }

    package var peer: Endpoint { Endpoint(dns.host, peerPort) }
}

/// Whom the answerer knows, itself first.
package struct DiscoveryAnswer: Hashable, Sendable {
    /// More are not told: the asker needs one that answers.
    package static let maximumServers = 32
    package static let maximumRegistries = 8

    /// The question's.
    package var nonce: QuestionNonce
    package var servers: [DiscoveredServer]
    package var registries: [DiscoveredRegistry]

    package init(nonce: QuestionNonce, servers: [DiscoveredServer], registries: [DiscoveredRegistry]) {
        self.nonce = nonce
        self.servers = Array(servers.prefix(Self.maximumServers))
        self.registries = Array(registries.prefix(Self.maximumRegistries))
    }
}

extension DiscoveryQuestion {
    /// Version, asker, nonce, digest.
    var encoded: [UInt8] {
        var bytes: [UInt8] = [discoveryVersion, asker.rawValue]
        bytes.append(nonce)
        bytes.append(bigEndian: digest)
        return bytes
    }

    /// Nil for anything but a question of this version; what follows it is padding.
    init?(decoding bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.take(UInt8.self) == discoveryVersion, let kind = reader.take(UInt8.self),
            let asker = DiscoveryAsker(rawValue: kind), let nonce = reader.takeNonce(),
            let digest = reader.take(UInt64.self)
        else { return nil }
        self.init(asker: asker, nonce: nonce, digest: digest)
    }
}

extension DiscoveryAnswer {
    /// Version, nonce, and two lists, each after its length.
    var encoded: [UInt8] {
        var bytes: [UInt8] = [discoveryVersion]
        bytes.append(nonce)
        bytes.append(UInt8(servers.count))
        for server in servers {
            bytes.append(server.role == .data ? 1 : 3)
            bytes.append(server.peer)
            bytes.append(bigEndian: server.httpPort)
        }
        bytes.append(UInt8(registries.count))
        for registry in registries {
            bytes.append(registry.dns)
            bytes.append(bigEndian: registry.peerPort)
        }
        return bytes
    }

    init?(decoding bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.take(UInt8.self) == discoveryVersion, let nonce = reader.takeNonce(),
            let servers = reader.takeList(atMost: Self.maximumServers, { $0.takeServer() }),
            let registries = reader.takeList(atMost: Self.maximumRegistries, { $0.takeRegistry() })
        else { return nil }
        self.init(nonce: nonce, servers: servers, registries: registries)
    }
}

private let discoveryVersion: UInt8 = 1

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    fileprivate mutating func append(_ nonce: QuestionNonce) {
        append(bigEndian: nonce.high)
        append(bigEndian: nonce.low)
    }

    fileprivate mutating func append(_ endpoint: Endpoint) {
        append(bigEndian: endpoint.host.value)
        append(bigEndian: endpoint.port)
    }
}

/// Takes values from the front of bytes; nil where they end too early or say something impossible.
private struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func take<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        let length = Value.bitWidth / 8
        guard rest.count >= length else { return nil }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length).reduce(0) { (length > 1 ? $0 << 8 : 0) | Value(truncatingIfNeeded: $1) }
    }

    mutating func takeNonce() -> QuestionNonce? {
        guard let high = take(UInt64.self), let low = take(UInt64.self) else { return nil }
        return QuestionNonce(high: high, low: low)
    }

    private mutating func takeEndpoint() -> Endpoint? {
        guard let host = take(UInt32.self), let port = take(UInt16.self), host != 0, port != 0 else { return nil }
        return Endpoint(HostAddress(host), port)
    }

    mutating func takeServer() -> DiscoveredServer? {
        let roles: [UInt8: Role] = [1: .data, 3: .router]
        guard let role = take(UInt8.self).flatMap({ roles[$0] }), let peer = takeEndpoint(),
            let http = take(UInt16.self)
        else { return nil }
        return DiscoveredServer(role: role, peer: peer, httpPort: http)
    }

    mutating func takeRegistry() -> DiscoveredRegistry? {
        guard let dns = takeEndpoint(), let peer = take(UInt16.self) else { return nil }
        return DiscoveredRegistry(dns: dns, peerPort: peer)
    }

    mutating func takeList<Element>(atMost most: Int, _ one: (inout Self) -> Element?) -> [Element]? {
        guard let count = take(UInt8.self), count <= most else { return nil }
        var list: [Element] = []
        for _ in 0..<count {
            guard let element = one(&self) else { return nil }
            list.append(element)
        }
        return list
    }
}
