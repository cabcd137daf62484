/// Reads the field lines of a head one by one, until the empty line.
struct FieldParser: Sendable {
    private(set) var headers = Headers()
    private(set) var length: Int

    /// - Parameter length: bytes of the head before the first field.
    init(after length: Int) { self.length = length }

    /// True when the head is complete, false when more bytes are needed.
    mutating func parse(_ buffer: inout InputBuffer) throws(HTTPError) -> Bool {
        while let line = try nextLine(&buffer) {
            length += line.count + 2
            if line.isEmpty { return true }
            guard headers.fields.count < HTTPLimits.fieldCount else { throw .headTooLarge }
            try add(line)
        }
        return false
    }

    private func nextLine(_ buffer: inout InputBuffer) throws(HTTPError) -> ArraySlice<UInt8>? {
        try buffer.line(atMost: max(0, HTTPLimits.headLength - length), tooLong: .headTooLarge)
    }

    private mutating func add(_ line: ArraySlice<UInt8>) throws(HTTPError) {
        if let first = line.first, Characters.isBlank(first) { throw .malformed("a field is folded over two lines") }
        guard let colon = line.firstIndex(of: 0x3A) else { throw .malformed("a field has no colon") }
        let name = line[..<colon]
        guard !name.isEmpty, name.allSatisfy(Characters.isToken) else {
            throw .malformed("a field's name has a space or another forbidden character in it")
        }
        var value = line[(colon + 1)...]
        while let first = value.first, Characters.isBlank(first) { value = value.dropFirst() }
        while let last = value.last, Characters.isBlank(last) { value = value.dropLast() }
        guard value.allSatisfy(Characters.isFieldValue) else {
            throw .malformed("a field has a control character in it")
        }
        headers.add(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
