/// A server's name for life: 128 random bits that outlive restarts and address changes.
///
/// Ids are points on the ring; the ring's order is their order as unsigned 128-bit numbers (the spec, §1).
package struct ServerID: Hashable, Comparable, Sendable {
    // Two words, not a `UInt128`: as an argument on the stack of an asynchronous call, Swift 6.3.1 without optimisation
    // aligns that differently for caller and callee, which crashes.
    private let high: UInt64
    private let low: UInt64

    package init(_ value: UInt128) {
        high = UInt64(truncatingIfNeeded: value >> 64)
        low = UInt64(truncatingIfNeeded: value)
    }

    package var value: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// Draws an id from a generator: the system's in a real server, a seeded one in a simulation.
    package static func random(using generator: inout some RandomNumberGenerator) -> ServerID {
        ServerID(UInt128(generator.next()) << 64 | UInt128(generator.next()))
    }

    package static func < (left: ServerID, right: ServerID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    /// The hexadecimal digit at this place of 0 to 31, as `description` shows it, from the left.
    package func digit(_ place: Int) -> Int {
        let word = place < 16 ? high : low
        return Int(truncatingIfNeeded: word >> UInt64(60 - 4 * (place & 15))) & 15
    }

    /// How far `other` lies clockwise of this id, 0 for the id itself; sums around a whole ring are exactly one turn.
    package func clockwiseDistance(to other: ServerID) -> UInt128 { other.value &- value }
}

extension ServerID: LosslessStringConvertible, Codable {
    /// Reads 32 hexadecimal digits; anything else is nil.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ Hexadecimal.digit($0) != nil }),
            let value = UInt128(text, radix: 16)
        else { return nil }
        self.init(value)
    }

    /// 32 lower-case hexadecimal digits.
    package var description: String { Hexadecimal.text(value, digits: 32) }

    /// The first 8 digits, for people.
    package var short: String { String(description.prefix(8)) }

    package init(from decoder: any Decoder) throws { self = try decoder.decodeText("a server id of 32 hex digits") }
    package func encode(to encoder: any Encoder) throws { try encoder.encodeText(description) }
}

/// The count of a server's starts and refutations. Only its owner raises it, and stores it on disk before using it.
package struct Incarnation: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }
    package init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(UInt64.self)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    package static func < (left: Incarnation, right: Incarnation) -> Bool { left.value < right.value }
    package var next: Incarnation { Incarnation(value + 1) }
    package var description: String { String(value) }
}

/// One life of one server: what a handshake, a probe and a death name.
package struct ServerLife: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let id: ServerID
    package let incarnation: Incarnation

    package init(id: ServerID, incarnation: Incarnation) {
        self.id = id
        self.incarnation = incarnation
    }

    package static func < (left: ServerLife, right: ServerLife) -> Bool {
        (left.id, left.incarnation) < (right.id, right.incarnation)
    }

    package var description: String { "\(id.short)/\(incarnation)" }
}
