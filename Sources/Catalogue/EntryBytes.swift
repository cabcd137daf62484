/// Writes the fields of a stored value one after the other: integers big-endian, text and bytes behind their length.
package struct EntryWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    package mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }

    package mutating func wide(_ value: UInt128) { integer(value) }

    package mutating func raw(_ raw: [UInt8]) { bytes += raw }

    package mutating func text(_ text: String) {
        integer(UInt32(truncatingIfNeeded: text.utf8.count))
        bytes += Array(text.utf8)
    }
}

/// Reads what `EntryWriter` wrote; nil wherever the bytes end too early or are no such value.
package struct EntryReader: Sendable {
    private let bytes: [UInt8]
    private var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { offset == bytes.count }

    package mutating func byte() -> UInt8? {
        guard offset < bytes.count else { return nil }
        offset += 1
        return bytes[offset - 1]
    }

    package mutating func integer<Value: FixedWidthInteger>() -> Value? {
        let width = Value.bitWidth / 8
        guard bytes.count - offset >= width else { return nil }
        var value: Value = 0
        for index in offset..<offset + width {
            value =
                Value.bitWidth > 8
                ? value << 8 | Value(truncatingIfNeeded: bytes[index])
                : Value(truncatingIfNeeded: bytes[index])
        }
        offset += width
        return value
    }

    package mutating func wide() -> UInt128? { integer() }

    package mutating func raw(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.count - offset >= count else { return nil }
        offset += count
        return bytes[offset - count..<offset]
    }

    package mutating func text() -> String? {
        guard let length: UInt32 = integer(), let raw = raw(Int(length)) else { return nil }
        return String(validating: raw, as: UTF8.self)
    }
}
