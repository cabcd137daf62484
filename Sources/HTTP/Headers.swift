/// The fields of a head in their order; names compare without case (RFC 9110 §5.1).
package struct Headers: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One field line: a name, compared without case, and its value.
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    package private(set) var fields: [Field] = []

    package init() {}
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// The first value, or nil; setting replaces all of that name, nil removes them.
    package subscript(name: String) -> String? {
        get { fields.first { Self.equal($0.name, name) }?.value }
        set {
            fields.removeAll { Self.equal($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }

    package mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    package func values(_ name: String) -> [String] { fields.filter { Self.equal($0.name, name) }.map(\.value) }

    /// The members of a comma-separated list over all fields of that name, in lower case, empty ones left out.
    package func tokens(_ name: String) -> [String] {
        values(name).flatMap { $0.utf8.split(separator: 0x2C) }
            .map { Self.trimmed(Substring($0)).lowercased() }.filter { !$0.isEmpty }
    }

    /// Whether two texts are equal without regard to ASCII case.
    package static func sameText(_ left: String, _ right: String) -> Bool { equal(left, right) }

    private static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Without the spaces and tabs around it.
    static func trimmed(_ text: Substring) -> String {
        var rest = text.utf8
        while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
        return String(Substring(rest))
    }
}

/// What may stand where in a head (RFC 9110 §5.5, §5.6.2).
enum Characters {
    /// `tchar`.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    /// `field-vchar`, space and tab.
    static func isFieldValue(_ byte: UInt8) -> Bool { byte == 0x09 || byte >= 0x20 && byte != 0x7F }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
