internal import Model

/// A field value with parameters: `form-data; name="file"; filename="a.mp3"` (RFC 9110 §5.6.6, RFC 7578 §4.2).
struct FormParameters: Hashable, Sendable {
    /// In lower case.
    let value: String
    private let parameters: [(name: String, value: String)]

    static func == (left: FormParameters, right: FormParameters) -> Bool {
        left.value == right.value && left.parameters.elementsEqual(right.parameters, by: ==)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(value) }

    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// Nil where a parameter is malformed.
    init?(_ text: String) {
        var rest = text.utf8[...]
        let value = rest.prefix { $0 != 0x3B }
        rest = rest.dropFirst(value.count)
        self.value = Headers.trimmed(Substring(value)).lowercased()
        var parameters: [(name: String, value: String)] = []
        while !rest.isEmpty {
            rest = rest.drop { $0 == 0x3B || Characters.isBlank($0) }
            if rest.isEmpty { break }
            let name = rest.prefix(while: Characters.isToken)
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.first == 0x3D else { return nil }
            rest = rest.dropFirst()
            guard let value = Self.takeValue(&rest) else { return nil }
            parameters.append((String(Substring(name)).lowercased(), value))
        }
        self.parameters = parameters
    }

    private static func takeValue(_ rest: inout Substring.UTF8View.SubSequence) -> String? {
        guard rest.first == 0x22 else {
            let token = rest.prefix { $0 != 0x3B && !Characters.isBlank($0) }
            rest = rest.dropFirst(token.count).drop(while: Characters.isBlank)
            return rest.isEmpty || rest.first == 0x3B ? String(Substring(token)) : nil
        }
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == 0x22 {
                rest = rest.drop(while: Characters.isBlank)
                return rest.isEmpty || rest.first == 0x3B ? String(decoding: bytes, as: UTF8.self) : nil
            }
            // Browsers send a backslash as it is: it escapes nothing but a quote and itself.
            if byte == 0x5C, let next = rest.first, next == 0x22 || next == 0x5C {
                bytes.append(next)
                rest = rest.dropFirst()
            } else {
                bytes.append(byte)
            }
        }
        return nil
    }

    /// The file's name without folders: `filename*` (RFC 8187) if it is UTF-8, else `filename`.
    var fileName: String? {
        guard let name = extendedName ?? self["filename"]?.replacingQuotes else { return nil }
        let last = name.utf8.split(omittingEmptySubsequences: false) { $0 == 0x2F || $0 == 0x5C }.last
        return last.map { String(Substring($0)) }
    }

    private var extendedName: String? {
        guard let text = self["filename*"] else { return nil }
        let parts = text.utf8.split(separator: 0x27, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, String(Substring(parts[0])).lowercased() == "utf-8",
            let bytes = PercentCoding.decode(parts[2], plusIsSpace: false)
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension String {
    /// Browsers write `%22` for a quote in a file name and leave every other percent sign as it is (WHATWG HTML).
    fileprivate var replacingQuotes: String {
        var bytes: [UInt8] = []
        for byte in utf8 {
            bytes.append(byte)
            if bytes.suffix(3).elementsEqual([0x25, 0x32, 0x32]) {
                bytes.removeLast(3)
                bytes.append(0x22)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
