/// Text in a third of its bytes, for those that take `Content-Encoding: gzip`.
///
/// It is what this program needs of RFC 1951 and 1952 and no more: repetitions within 32 KiB are found, and written
/// with the fixed codes. Tables made for each file would take a sixth off the rest, and thrice as much code.
package enum Gzip {
    /// One gzip member that holds these bytes.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        // No name and no time: the same bytes give the same member.
        var out = BitWriter(bytes: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255])
        out.put(1, count: 1)
        out.put(1, count: 2)
        var finder = MatchFinder(bytes)
        var position = 0
        while position < bytes.count {
            if let match = finder.longest(at: position) {
                out.putLength(match.length)
                out.putDistance(match.distance)
                for passed in position..<position + match.length { finder.add(passed) }
                position += match.length
            } else {
                out.putSymbol(Int(bytes[position]))
                finder.add(position)
                position += 1
            }
        }
        out.putSymbol(256)
        var member = out.finished
        for value in [checksum(bytes), UInt32(truncatingIfNeeded: bytes.count)] {
            for shift in [0, 8, 16, 24] { member.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        return member
    }

    private static let remainders: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// CRC-32 as gzip has it (RFC 1952 §8).
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ remainders[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
    }
}

/// Finds where the next bytes have been before.
private struct MatchFinder {
    private static let longest = 258
    private static let window = 32 << 10
    /// Places that are looked at: more find little.
    private static let tries = 32
    private static let buckets = 1 << 13

    private let bytes: [UInt8]
    /// The last place of each three bytes' bucket, and the place before each place; -1 where there is none.
    private var last = [Int](repeating: -1, count: MatchFinder.buckets)
    private var before: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        before = [Int](repeating: -1, count: bytes.count)
    }

    private func bucket(_ position: Int) -> Int {
        let three = Int(bytes[position]) << 16 | Int(bytes[position + 1]) << 8 | Int(bytes[position + 2])
        return (three &* 0x9E37_79B1) >> 12 & (Self.buckets - 1)
    }

    mutating func add(_ position: Int) {
        guard position + 3 <= bytes.count else { return }
        let bucket = bucket(position)
        before[position] = last[bucket]
        last[bucket] = position
    }

    /// Three bytes or more; nil where there is nothing so long.
    func longest(at position: Int) -> (length: Int, distance: Int)? {
        let limit = min(Self.longest, bytes.count - position)
        guard limit >= 3 else { return nil }
        var best = (length: 2, distance: 0)
        var place = last[bucket(position)]
        var left = Self.tries
        while place >= 0, position - place <= Self.window, left > 0, best.length < limit {
            var length = 0
            while length < limit, bytes[place + length] == bytes[position + length] { length += 1 }
            if length > best.length { best = (length, position - place) }
            place = before[place]
            left -= 1
        }
        return best.length >= 3 ? best : nil
    }
}

/// Bits in the order of RFC 1951 §3.1.1, and the fixed codes of §3.2.6.
private struct BitWriter {
    var bytes: [UInt8]
    private var held: UInt32 = 0
    private var heldCount = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Everything so far, with the last byte filled up.
    var finished: [UInt8] { heldCount > 0 ? bytes + [UInt8(truncatingIfNeeded: held)] : bytes }

    mutating func put(_ value: Int, count: Int) {
        held |= UInt32(truncatingIfNeeded: value) << UInt32(heldCount)
        heldCount += count
        while heldCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: held))
            held >>= 8
            heldCount -= 8
        }
    }

    /// A code, whose first bit is its highest.
    private mutating func putCode(_ code: Int, count: Int) {
        put((0..<count).reduce(0) { $0 << 1 | code >> $1 & 1 }, count: count)
    }

    /// A byte, 256 for the end, or a length's symbol.
    mutating func putSymbol(_ symbol: Int) {
        switch symbol {
        case ..<144: putCode(0x30 + symbol, count: 8)
        case ..<256: putCode(0x190 + symbol - 144, count: 9)
        case ..<280: putCode(symbol - 256, count: 7)
        default: putCode(0xC0 + symbol - 280, count: 8)
        }
    }

    mutating func putLength(_ length: Int) {
        guard length < 258 else { return putSymbol(285) }
        let (index, extra, rest) = Self.place(of: length - 3, step: 4)
        putSymbol(257 + index)
        put(rest, count: extra)
    }

    mutating func putDistance(_ distance: Int) {
        let (index, extra, rest) = Self.place(of: distance - 1, step: 2)
        putCode(index, count: 5)
        put(rest, count: extra)
    }

    /// Where a value lies in tables whose spans double after every `step` symbols, but for the first two times that
    /// many (§3.2.5): its symbol, and the bits that say where in the symbol's span.
    private static func place(of value: Int, step: Int) -> (index: Int, extra: Int, rest: Int) {
        guard value >= 2 * step else { return (value, 0, 0) }
        var extra = 0
        while value >> extra >= 2 * step { extra += 1 }
        return (extra * step + value >> extra, extra, value & ((1 << extra) - 1))
    }
}
