internal import Catalogue

/// A folded word as its UTF-8 bytes, of which the first sixteen are compared as two numbers: few words are longer.
struct Word: Hashable, Comparable {
    private let first: UInt64
    private let second: UInt64
    private let rest: [UInt8]

    /// - Parameter bytes: without nulls, which no word has.
    init(_ bytes: some Collection<UInt8>) {
        var numbers: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in bytes.prefix(16) {
            if count < 8 {
                numbers.0 |= UInt64(byte) << UInt64(56 - 8 * count)
            } else {
                numbers.1 |= UInt64(byte) << UInt64(120 - 8 * count)
            }
            count += 1
        }
        (first, second) = numbers
        rest = count < 16 ? [] : Array(bytes.dropFirst(16))
    }

    static func < (left: Word, right: Word) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        return left.rest.lexicographicallyPrecedes(right.rest)
    }

    func hasPrefix(_ prefix: Word) -> Bool {
        guard prefix.rest.isEmpty else {
            return first == prefix.first && second == prefix.second && rest.starts(with: prefix.rest)
        }
        return first & Self.mask(prefix.first) == prefix.first && second & Self.mask(prefix.second) == prefix.second
    }

    /// The bits of the bytes that are there.
    private static func mask(_ number: UInt64) -> UInt64 {
        number == 0 ? 0 : ~0 << UInt64(number.trailingZeroBitCount & ~7)
    }

    /// The bytes of the first character.
    var initial: UInt32 { UInt32(truncatingIfNeeded: first >> UInt64(64 - 8 * initialLength)) }

    var isOneCharacter: Bool { first == UInt64(initial) << UInt64(64 - 8 * initialLength) }

    /// How many bytes the first character has (RFC 3629 §3).
    private var initialLength: Int {
        switch first >> 56 {
        case 0xF0...: 4
        case 0xE0...: 3
        case 0xC0...: 2
        default: 1
        }
    }
}

extension Word {
    /// The words of a folded text, each once.
    static func all(of key: String) -> [Word] {
        var found: [Word] = []
        func add(_ bytes: some Collection<UInt8>) {
            let word = Word(bytes)
            if !found.contains(word) { found.append(word) }
        }
        guard key.utf8.allSatisfy({ $0 < 0x80 }) else {
            for word in CatalogueText.words(ofFolded: key) { add(word.utf8) }
            return found
        }
        for word in key.utf8.split(whereSeparator: { !isLetterOrDigit($0) }) { add(word) }
        return found
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
    }
}
