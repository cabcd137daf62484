package import Model

/// Why bytes are not the message that was expected.
package enum ProtobufError: Error, Hashable, Sendable {
    /// They end within a field.
    case truncated
    /// A number of more than 64 bits, or a kind of field that there is not.
    case malformed
    /// The field holds something else than it should: another type, another length, a value out of its range.
    case invalid(field: Int)
    /// A field that every such message has is not there.
    case missing(field: Int)
    /// More elements than a message may have.
    case tooMany(field: Int)
}

/// One field of a message. Its accessors throw `invalid` where it is of another type.
package struct ProtobufField: Sendable {
    enum Value {
        case integer(UInt64)
        case fixed(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    package let number: Int
    let value: Value
    /// The whole field, for who does not know it and passes it on.
    package let raw: ArraySlice<UInt8>

    private var wrong: ProtobufError { .invalid(field: number) }

    package func integer() throws(ProtobufError) -> UInt64 {
        guard case .integer(let value) = value else { throw wrong }
        return value
    }

    package func signed() throws(ProtobufError) -> Int64 { Int64(bitPattern: try integer()) }

    package func flag() throws(ProtobufError) -> Bool { try integer() != 0 }

    /// An integer of a smaller type.
    package func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(ProtobufError) -> Value {
        guard let small = Value(exactly: try integer()) else { throw wrong }
        return small
    }

    package func fixed() throws(ProtobufError) -> UInt64 {
        guard case .fixed(let value) = value else { throw wrong }
        return value
    }

    package func bytes() throws(ProtobufError) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = value else { throw wrong }
        return bytes
    }

    package func text() throws(ProtobufError) -> String {
        guard let text = String(validating: try bytes(), as: UTF8.self) else { throw wrong }
        return text
    }

    package func id() throws(ProtobufError) -> ServerID {
        let bytes = try bytes()
        guard bytes.count == 16 else { throw wrong }
        return ServerID(bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }

    /// Hands out the fields of the message that this field is, in the order in which they come.
    package func each(_ take: (ProtobufField) throws(ProtobufError) -> Void) throws(ProtobufError) {
        var reader = ProtobufReader(try bytes())
        while let field = try reader.next() { try take(field) }
    }

    /// A field of the message that this field is, nil where it has none of this number.
    package func first(_ number: Int) throws(ProtobufError) -> ProtobufField? {
        var reader = ProtobufReader(try bytes())
        while let field = try reader.next() {
            if field.number == number { return field }
        }
        return nil
    }

    /// The same for a field that every such message has.
    /// - Throws: `missing`.
    package func required(_ number: Int) throws(ProtobufError) -> ProtobufField {
        guard let field = try first(number) else { throw .missing(field: number) }
        return field
    }

    /// That the field holds what its type allows, but not what its meaning does.
    package func refuse() throws(ProtobufError) -> Never { throw wrong }
}

/// Reads the fields of a message one after the other, in the order in which they come.
///
/// Nothing is read beyond the message's end, and nothing is kept but slices of what was given.
package struct ProtobufReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    /// The message as a field, which has the number 0 that no field of a message has.
    package static func message(_ bytes: [UInt8]) -> ProtobufField {
        ProtobufField(number: 0, value: .bytes(bytes[...]), raw: bytes[...])
    }

    /// - Returns: nil at the end.
    mutating func next() throws(ProtobufError) -> ProtobufField? {
        let start = offset
        guard start < bytes.endIndex else { return nil }
        let key = try varint()
        guard let type = ProtobufType(rawValue: UInt8(key & 7)), let number = Int(exactly: key >> 3),
            (1...0x1FFF_FFFF).contains(number)
        else { throw .malformed }
        let value: ProtobufField.Value
        switch type {
        case .varint: value = .integer(try varint())
        case .fixed64: value = .fixed(try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
        case .fixed32: value = .fixed(try take(4).reversed().reduce(0) { $0 << 8 | UInt64($1) })
        case .length:
            guard let length = Int(exactly: try varint()) else { throw .truncated }
            value = .bytes(try take(length))
        }
        return ProtobufField(number: number, value: value, raw: bytes[start..<offset])
    }

    private mutating func take(_ count: Int) throws(ProtobufError) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - offset else { throw .truncated }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.endIndex {
            let byte = bytes[offset]
            offset += 1
            // The tenth byte has one bit of the 64 left.
            guard shift < 63 || byte <= 1 else { throw .malformed }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 70 else { throw .malformed }
        }
        throw .truncated
    }
}
