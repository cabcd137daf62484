internal import Model

/// A request's target, decoded: the segments of its path and its query.
///
/// A path never reaches a file system; `..`, encoded slashes and bytes that are not UTF-8 are refused all the same, so
/// that nothing behind this point has to think of them.
package struct RequestTarget: Hashable, Sendable {
    /// `/api/v1/songs` is `["api", "v1", "songs"]`, `/` is empty; a trailing slash is an empty last segment.
    package let segments: [String]
    package let query: QueryItems

    /// - Throws: 400 `bad_path` or `bad_query`.
    package init(_ target: String) throws(APIError) {
        let parts = target.utf8.split(separator: 0x3F, maxSplits: 1, omittingEmptySubsequences: false)
        let path = (parts.first ?? "*"[...].utf8).dropFirst()
        var segments: [String] = []
        if !path.isEmpty {
            for part in path.split(separator: 0x2F, omittingEmptySubsequences: false) {
                segments.append(try Self.segment(part))
            }
        }
        self.segments = segments
        query = try QueryItems(parts.count > 1 ? parts[1] : ""[...].utf8)
    }

    private static func segment(_ part: Substring.UTF8View) throws(APIError) -> String {
        guard let bytes = PercentCoding.decode(part, plusIsSpace: false),
            let text = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 || $0 == 0x7F })
        else { throw APIError(400, "bad_path", "The path has an invalid or forbidden character in it.") }
        guard text != "..", text != "." else { throw APIError(400, "bad_path", "The path must not contain . or ..") }
        return text
    }
}

/// The parameters of a query in their order, decoded: `+` is a space.
package struct QueryItems: Hashable, Sendable {
    package let items: [(name: String, value: String)]

    package static func == (left: QueryItems, right: QueryItems) -> Bool {
        left.items.count == right.items.count && zip(left.items, right.items).allSatisfy { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
        for item in items {
            hasher.combine(item.name)
            hasher.combine(item.value)
        }
    }

    /// - Throws: 400 `bad_query`.
    init(_ query: Substring.UTF8View) throws(APIError) {
        var items: [(name: String, value: String)] = []
        for part in query.split(separator: 0x26) {
            let pair = part.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.text(pair[0]), let value = Self.text(pair.count > 1 ? pair[1] : ""[...].utf8) else {
                throw APIError(400, "bad_query", "The query has an invalid percent code or is not UTF-8.")
            }
            items.append((name, value))
        }
        self.items = items
    }

    private static func text(_ part: Substring.UTF8View) -> String? {
        PercentCoding.decode(part, plusIsSpace: true).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// Percent-encoding (RFC 3986 §2.1).
package enum PercentCoding {
    /// Nil where a `%` is not followed by two hexadecimal digits.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            if byte == 0x25 {
                guard let high = rest.next().flatMap(Hexadecimal.digit),
                    let low = rest.next().flatMap(Hexadecimal.digit)
                else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
            }
        }
        return bytes
    }

    /// Encodes all but the unreserved characters, for a path segment or a query's value.
    package static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += Array("%\(Hexadecimal.text([byte]).uppercased())".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
