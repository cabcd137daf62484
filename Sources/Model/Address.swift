/// An IPv4 address.
package struct HostAddress: Hashable, Comparable, Sendable {
    package let value: UInt32

    package init(_ value: UInt32) { self.value = value }
    package init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        value = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
    }

    package static let any = HostAddress(0)
    package static let loopback = HostAddress(127, 0, 0, 1)

    /// The four bytes in network order.
    package var bytes: [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    package static func < (left: HostAddress, right: HostAddress) -> Bool { left.value < right.value }
}

extension HostAddress: LosslessStringConvertible, Codable {
    /// Reads a dotted quad, `172.20.0.2`; leading zeros, spaces and short forms are nil.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 0x30, let byte = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(byte)
        }
        self.value = value
    }

    package var description: String { bytes.map(String.init).joined(separator: ".") }
    package init(from decoder: any Decoder) throws { self = try decoder.decodeText("an IPv4 address") }
    package func encode(to encoder: any Encoder) throws { try encoder.encodeText(description) }
}

/// An address and a port (TCP or UDP, as the context says).
package struct Endpoint: Hashable, Sendable {
    package let host: HostAddress
    package let port: UInt16

    package init(_ host: HostAddress, _ port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension Endpoint: LosslessStringConvertible, Codable {
    /// Reads `127.0.1.2:7700`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let host = HostAddress(String(parts[0])), let port = UInt16(parts[1]) else {
            return nil
        }
        self.init(host, port)
    }

    package var description: String { "\(host):\(port)" }
    package init(from decoder: any Decoder) throws { self = try decoder.decodeText("an address and port") }
    package func encode(to encoder: any Encoder) throws { try encoder.encodeText(description) }
}
