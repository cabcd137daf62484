package import Model

/// Who a process is: what its handshakes say and what a link remembers of the other side.
package struct PeerIdentity: Hashable, Sendable, Codable {
    package var life: ServerLife
    /// Drawn anew at every start: two processes with one id are told apart by it.
    package var nonce: UInt64
    /// Where it accepts peers.
    package var endpoint: Endpoint

    package init(life: ServerLife, nonce: UInt64, endpoint: Endpoint) {
        self.life = life
        self.nonce = nonce
        self.endpoint = endpoint
    }
}

/// Links are kept apart by what they carry, so that a megabyte of music never stands before an alert.
package enum LinkClass: String, Hashable, Sendable, Codable, CaseIterable {
    case control
    case bulk

    /// How many requests of the other side are worked on at a time before reading stops.
    var concurrency: Int { self == .control ? 128 : 4 }
}

/// Whom a request is for: where, and which life of which server is meant. Nil: whoever answers there.
package struct PeerAddress: Hashable, Sendable {
    package var endpoint: Endpoint
    package var life: ServerLife?

    package init(endpoint: Endpoint, life: ServerLife?) {
        self.endpoint = endpoint
        self.life = life
    }
}

/// Why a request has no answer. Only `refused` and `unreachable` say that nothing was done; after the others it is
/// unknown.
package enum PeerError: Error, Hashable, Sendable {
    /// No connection: refused, timed out, or the other side does not have the key.
    case unreachable(StreamFailure)
    /// Another server, or another life, answers at that address.
    case answeredBy(PeerIdentity)
    /// The handler over there declined.
    case refused(code: String, message: String)
    /// The deadline passed.
    case timedOut
    /// The link closed before the answer came.
    case closed
    /// The answer could not be understood.
    case garbled(String)
    /// Too many requests wait for this link already.
    case overloaded

    /// Why there is no connection.
    package enum StreamFailure: Hashable, Sendable {
        case refused
        case timedOut
        case untrusted(String)
        case other(String)
    }
}

/// A request as its handler sees it.
package struct PeerRequest: Sendable {
    package let from: PeerIdentity
    package let header: [UInt8]
    package let body: [UInt8]

    package init(from: PeerIdentity, header: [UInt8], body: [UInt8]) {
        self.from = from
        self.header = header
        self.body = body
    }
}

/// An answer: a JSON header and a raw body.
package struct PeerReply: Hashable, Sendable {
    package var header: [UInt8]
    package var body: [UInt8]

    package init(header: [UInt8] = Array("{}".utf8), body: [UInt8] = []) {
        self.header = header
        self.body = body
    }
}

/// What a handler says when it does not do as asked.
package struct PeerRefusal: Error, Hashable, Sendable, Codable {
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

/// The first frame of either side.
struct Hello: Codable {
    var identity: PeerIdentity
    var link: LinkClass
    /// Whom the dialling side means; nil takes anyone.
    var meant: ServerLife?

    /// A newer life of the same server than the one that was meant is not the one that was meant.
    func means(_ life: ServerLife) -> Bool { meant == nil || meant == life }
}
