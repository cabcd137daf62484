internal import FoundationEssentials

/// Base64 as tools take it (RFC 4648 §4) and as it stands in an address or a key without quoting (§5, unpadded).
package enum Base64 {
    package static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    package static func bytes(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map(Array.init) }

    /// With `-` and `_`, without padding.
    package static func urlText(_ bytes: [UInt8]) -> String {
        let text = self.text(bytes).utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for any text that `urlText` would not have written.
    package static func urlBytes(_ text: String) -> [UInt8]? {
        var standard: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(byte)
            }
        }
        while !standard.count.isMultiple(of: 4) { standard.append(UInt8(ascii: "=")) }
        guard let bytes = self.bytes(String(decoding: standard, as: UTF8.self)), urlText(bytes) == text else {
            return nil
        }
        return bytes
    }
}
