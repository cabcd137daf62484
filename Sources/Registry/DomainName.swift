internal import Model

/// A domain name: labels of 1 to 63 bytes, 255 bytes at most in wire form (RFC 1035 §2.3.4).
///
/// Names compare without regard to ASCII case (RFC 4343) and keep the case they were written in.
package struct DomainName: Sendable {
    /// The uncompressed wire form: each label behind its length, and the root's 0.
    package let wire: [UInt8]
    /// The same in lower case: what names are compared by.
    package let folded: [UInt8]

    package static let root = DomainName(checked: [0])

    /// Takes a wire form that is known to be right.
    init(checked wire: [UInt8]) {
        self.wire = wire
        // Most names are written in lower case: then the two share their bytes.
        folded = wire.contains { Self.fold($0) != $0 } ? wire.map(Self.fold) : wire
    }

    /// Builds a name from its labels, the root's left out; nil when one is empty or too long, or all are.
    package init?(labels: [[UInt8]]) {
        var wire: [UInt8] = []
        for label in labels {
            guard (1...63).contains(label.count) else { return nil }
            wire.append(UInt8(label.count))
            wire += label
        }
        guard wire.count <= 254 else { return nil }
        self.init(checked: wire + [0])
    }

    package var labels: [[UInt8]] {
        var labels: [[UInt8]] = []
        var index = 0
        while index < wire.count, wire[index] > 0 {
            let end = index + 1 + Int(wire[index])
            labels.append(Array(wire[index + 1..<end]))
            index = end
        }
        return labels
    }

    /// Whether this name is `zone` or lies below it.
    package func isWithin(_ zone: DomainName) -> Bool {
        guard folded.count >= zone.folded.count, folded.suffix(zone.folded.count).elementsEqual(zone.folded) else {
            return false
        }
        var boundary = 0
        while boundary < folded.count - zone.folded.count { boundary += 1 + Int(wire[boundary]) }
        return boundary == folded.count - zone.folded.count
    }

    /// The first label behind its length.
    var firstLabel: ArraySlice<UInt8> { wire[...Int(wire[0])] }

    /// Where labels begin, the root's 0 included.
    var boundaries: [Int] {
        var found: [Int] = []
        var index = 0
        while index < wire.count {
            found.append(index)
            index += 1 + Int(wire[index])
        }
        return found
    }

    /// The name with `labels` before it; nil when that would be too long.
    package func under(_ labels: String...) -> DomainName? {
        DomainName(labels: labels.map { Array($0.utf8) } + self.labels)
    }

    static func fold(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}

extension DomainName: Hashable, Comparable {
    package static func == (left: DomainName, right: DomainName) -> Bool { left.folded == right.folded }
    package static func < (left: DomainName, right: DomainName) -> Bool {
        left.folded.lexicographicallyPrecedes(right.folded)
    }
    package func hash(into hasher: inout Hasher) {
        // Eight bytes at a time: names are hashed with every question.
        var word: UInt64 = 0
        for index in folded.indices {
            word = word << 8 | UInt64(folded[index])
            if index & 7 == 7 { hasher.combine(word) }
        }
        hasher.combine(word)
        hasher.combine(folded.count)
    }
}

extension DomainName: LosslessStringConvertible {
    /// Reads `data.rondo` or `data.rondo.`, printable ASCII without backslashes; all names are absolute.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C }) else { return nil }
        if text == "." {
            self = .root
            return
        }
        let body = text.hasSuffix(".") ? String(text.dropLast()) : text
        let labels = body.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard !body.isEmpty else { return nil }
        self.init(labels: labels)
    }

    /// With a dot at the end; bytes that are not printable as `\ddd` (RFC 1035 §5.1).
    package var description: String {
        let text = labels.map { $0.map(Self.escaped).joined() + "." }.joined()
        return text.isEmpty ? "." : text
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case 0x2E, 0x5C: "\\" + String(UnicodeScalar(byte))
        case 0x21...0x7E: String(UnicodeScalar(byte))
        default: "\\" + String(repeating: "0", count: 3 - String(byte).utf8.count) + String(byte)
        }
    }
}
