/// What a `Range` field asks of a body (RFC 9110 §14.2).
package enum ByteRanges: Hashable, Sendable {
    /// 200 with everything: there is no Range, it is of another unit, or it asks for more work than the whole.
    case whole
    /// 206: one or more ranges in the order asked for, each inside the body and not empty.
    case parts([Range<Int64>])
    /// 416: not a valid range, or nothing of it lies inside the body.
    case unsatisfiable

    /// More ranges than this get the whole body: many small or overlapping ones are an attack (RFC 9110 §17.15).
    package static let maximumCount = 16

    /// - Parameter size: the body's bytes.
    package init(_ field: String?, size: Int64) {
        guard let field else {
            self = .whole
            return
        }
        let parts = field.utf8.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        guard Headers.trimmed(Substring(parts[0])).lowercased() == "bytes" else {
            self = .whole
            return
        }
        guard parts.count == 2, let specs = Self.specs(parts[1]) else {
            self = .unsatisfiable
            return
        }
        let ranges = specs.compactMap { $0.range(size: size) }
        if ranges.isEmpty {
            self = .unsatisfiable
        } else if specs.count > Self.maximumCount
            || ranges.count > 1 && ranges.reduce(0, { $0 + Int64($1.count) }) > size
        {
            self = .whole
        } else {
            self = .parts(ranges)
        }
    }

    /// The value of `Content-Range` of one part.
    package static func contentRange(_ range: Range<Int64>, size: Int64) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
    }

    /// The value of `Content-Range` that goes with a 416.
    package static func unsatisfiedRange(size: Int64) -> String { "bytes */\(size)" }

    private enum Spec {
        case from(Int64, through: Int64?)
        case suffix(Int64)

        func range(size: Int64) -> Range<Int64>? {
            switch self {
            case .suffix(let length):
                let start = max(0, size - length)
                return start < size ? start..<size : nil
            case .from(let first, let last):
                guard first < size else { return nil }
                return first..<(last.map { min($0, size - 1) } ?? size - 1) + 1
            }
        }
    }

    private static func specs(_ list: Substring.UTF8View) -> [Spec]? {
        var specs: [Spec] = []
        for part in list.split(separator: 0x2C, omittingEmptySubsequences: false) {
            let text = trimmed(part)
            // Empty members of a list are allowed (RFC 9110 §5.6.1).
            if text.isEmpty { continue }
            guard let spec = spec(text) else { return nil }
            specs.append(spec)
        }
        return specs.isEmpty ? nil : specs
    }

    private static func trimmed(_ part: Substring.UTF8View) -> Substring.UTF8View {
        var rest = part
        while let first = rest.first, Characters.isBlank(first) { rest = rest.dropFirst() }
        while let last = rest.last, Characters.isBlank(last) { rest = rest.dropLast() }
        return rest
    }

    private static func spec(_ text: Substring.UTF8View) -> Spec? {
        let ends = text.split(separator: 0x2D, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        if ends[0].isEmpty { return number(ends[1]).map { .suffix($0) } }
        guard let first = number(ends[0]) else { return nil }
        if ends[1].isEmpty { return .from(first, through: nil) }
        guard let last = number(ends[1]), last >= first else { return nil }
        return .from(first, through: last)
    }

    /// A number of any length; those that no file has are as good as the largest one.
    private static func number(_ digits: Substring.UTF8View) -> Int64? {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(Substring(digits)).map { min($0, .max >> 1) } ?? .max >> 1
    }
}
