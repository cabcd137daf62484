package import Model

/// Writes messages in the encoding of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/).
///
/// Rondo needs a handful of messages and no generated code: the schemas in `docs` are written by hand, and `protoc`
/// reads what this writes. As in proto3, a number that is 0, a text that is empty and a flag that is not set take no
/// byte.
package struct ProtobufWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// `uint32`, `uint64` and enumerations.
    package mutating func integer(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        key(field, .varint)
        varint(value)
    }

    /// `int64`: ten bytes where it is negative.
    package mutating func integer(_ field: Int, _ value: Int64) { integer(field, UInt64(bitPattern: value)) }

    /// `bool`.
    package mutating func flag(_ field: Int, _ value: Bool) { integer(field, value ? UInt64(1) : 0) }

    /// `fixed64`, for random numbers and digests, which would be longer otherwise.
    package mutating func fixed(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        key(field, .fixed64)
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// `string`.
    package mutating func text(_ field: Int, _ value: String) {
        bytes(field, Array(value.utf8))
    }

    /// `bytes`.
    package mutating func bytes(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        key(field, .length)
        varint(UInt64(value.count))
        bytes += value
    }

    /// `bytes`: an id, 16 bytes in network order.
    package mutating func id(_ field: Int, _ value: ServerID) {
        key(field, .length)
        varint(16)
        for shift in stride(from: 120, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value.value >> UInt128(shift)))
        }
    }

    /// A message within this one; one without a field is written too.
    package mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        key(field, .length)
        let start = bytes.count
        write(&self)
        // The length is known only now; what follows it moves up by the one to five bytes that it takes.
        var length = ProtobufWriter()
        length.varint(UInt64(bytes.count - start))
        bytes.insert(contentsOf: length.bytes, at: start)
    }

    /// Whole fields as they were read.
    package mutating func raw(_ fields: [UInt8]) { bytes += fields }

    private mutating func key(_ field: Int, _ type: ProtobufType) { varint(UInt64(field) << 3 | UInt64(type.rawValue)) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// How long a field is.
enum ProtobufType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case length = 2
    case fixed32 = 5
}
