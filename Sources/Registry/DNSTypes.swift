/// A record's type (RFC 1035 §3.2.2 and the IANA registry); unknown ones are numbers like any other (RFC 3597).
package struct RecordType: Hashable, Sendable {
    package let value: UInt16

    package init(_ value: UInt16) { self.value = value }

    package static let a = RecordType(1)
    package static let ns = RecordType(2)
    package static let soa = RecordType(6)
    package static let hinfo = RecordType(13)
    package static let txt = RecordType(16)
    package static let aaaa = RecordType(28)
    package static let srv = RecordType(33)
    package static let opt = RecordType(41)
    package static let tsig = RecordType(250)
    package static let ixfr = RecordType(251)
    package static let axfr = RecordType(252)
    package static let any = RecordType(255)
}

/// A record's class; `IN` is the only one that Rondo has.
package struct RecordClass: Hashable, Sendable {
    package let value: UInt16

    package init(_ value: UInt16) { self.value = value }
    package static let internet = RecordClass(1)
    /// In updates: no record like this one (RFC 2136 §2.4).
    package static let none = RecordClass(254)
    package static let any = RecordClass(255)
}

/// What a message asks to be done (RFC 1035 §4.1.1, RFC 2136 §1.3): four bits.
package struct Opcode: Hashable, Sendable {
    package let value: UInt8

    package init(_ value: UInt8) { self.value = value & 15 }
    package static let query = Opcode(0)
    package static let notify = Opcode(4)
    package static let update = Opcode(5)
}

/// How a query went: four bits in the header, eight more in an OPT record (RFC 6891 §6.1.3).
package struct ResponseCode: Hashable, Sendable {
    package let value: UInt16

    package init(_ value: UInt16) { self.value = value & 0xFFF }

    package static let noError = ResponseCode(0)
    package static let formatError = ResponseCode(1)
    package static let serverFailure = ResponseCode(2)
    package static let nameError = ResponseCode(3)
    package static let notImplemented = ResponseCode(4)
    package static let refused = ResponseCode(5)
    /// The four codes of prerequisites and names in updates (RFC 2136 §2.2).
    package static let nameExists = ResponseCode(6)
    package static let setExists = ResponseCode(7)
    package static let noSuchSet = ResponseCode(8)
    package static let notAuthoritative = ResponseCode(9)
    package static let notZone = ResponseCode(10)
    package static let badVersion = ResponseCode(16)

    private static let names = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE",
    ]

    /// As `dig` prints it.
    package var name: String {
        if self == .badVersion { return "BADVERS" }
        return Int(value) < Self.names.count ? Self.names[Int(value)] : "RCODE\(value)"
    }
}

/// How a query came: it decides how long the answer may be.
package enum DNSTransport: Hashable, Sendable { case udp, tcp }

/// What became of a packet on the DNS port.
package enum DNSOutcome: Hashable, Sendable {
    case reply([UInt8], ResponseCode)
    /// Too short to be answered, or itself an answer.
    case dropped
}
