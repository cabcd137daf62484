package import Model

/// How a packet came to the DNS port, and when by the wall clock, which signatures are made by.
package struct DNSArrival: Hashable, Sendable {
    package var transport: DNSTransport
    package var source: Endpoint
    /// Since 1970.
    package var wallSeconds: UInt64

    package init(over transport: DNSTransport, from source: Endpoint, wallSeconds: UInt64) {
        self.transport = transport
        self.source = source
        self.wallSeconds = wallSeconds
    }
}

/// What became of a dynamic update, for the metrics.
package enum UpdateOutcome: String, Hashable, Sendable, CaseIterable {
    case accepted
    /// The same packet from the same place again, or one that another registry carried out: answered again, not carried
    /// out again.
    case repeated
    case unsigned
    case badKey = "bad_key"
    case badSignature = "bad_signature"
    case badTime = "bad_time"
    case badTruncation = "bad_truncation"
    /// A signature that has been seen from elsewhere.
    case replayed
    /// Signed before something that has been carried out for the same name, or before this registry started.
    case overtaken
    case malformed
    /// Of another zone, or with names outside of it.
    case foreignZone = "foreign_zone"
    case prerequisite
    /// Not the lease of one server, or one that cannot be had.
    case forbidden
    /// No room, or not known yet.
    case notReady = "not_ready"

    init(_ verdict: SignatureVerdict) {
        switch verdict {
        case .good: self = .accepted
        case .badKey: self = .badKey
        case .badSignature: self = .badSignature
        case .badTime: self = .badTime
        case .badTruncation: self = .badTruncation
        case .badLength: self = .malformed
        }
    }
}
