@_spi(_Unicode) internal import Swift

/// How text from files and people is cleaned, compared and sorted.
///
/// All forms come from the standard library's Unicode tables, so that every server of one version makes the same ones.
package enum CatalogueText {
    /// Longer fields are cut: an entry stays near 1 KB, and no tag makes every server of a cluster keep a book.
    package static let maximumLength = 1_000

    /// The text as it is shown: control characters become spaces, the ends are trimmed, at most 1,000 UTF-8 bytes.
    /// Nil when nothing is left.
    package static func clean(_ text: String?) -> String? {
        guard let text else { return nil }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            scalars.append(isControl(scalar) ? " " : scalar)
        }
        let cleaned = trim(cut(trim(scalars[...])))
        return cleaned.isEmpty ? nil : String(cleaned)
    }

    /// The text as identities compare it: NFC, case folded (ß is ss), white space collapsed and trimmed.
    package static func identity(_ text: String) -> String { asciiIdentity(text) ?? unicodeIdentity(text) }

    static func unicodeIdentity(_ text: String) -> String {
        let folded = foldCase(nfc(text))
        return folded.unicodeScalars.split(whereSeparator: \.properties.isWhitespace)
            .map { String($0) }.joined(separator: " ")
    }

    /// The text as search and sorting compare it: an identity without accents, É and é are e.
    package static func folded(_ text: String) -> String { asciiIdentity(text) ?? unicodeFolded(text) }

    static func unicodeFolded(_ text: String) -> String {
        let base = String(
            String.UnicodeScalarView(text._nfd.filter { $0.properties.generalCategory != .nonspacingMark }))
        return unicodeIdentity(base)
    }

    /// The identity of a text that is ASCII, as most are, and the same when folded; nil for any other.
    private static func asciiIdentity(_ text: String) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var isGap = false
        for byte in text.utf8 {
            switch byte {
            case 0x80...: return nil
            case 0x09...0x0D, 0x20: isGap = !bytes.isEmpty
            default:
                if isGap { bytes.append(0x20) }
                isGap = false
                bytes.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The words of a query, folded: what letters and digits make up; all else separates.
    package static func words(_ text: String) -> [String] { words(ofFolded: folded(text)) }

    /// The words of a text that is folded already.
    package static func words(ofFolded text: String) -> [String] {
        text.unicodeScalars.split { !isWordScalar($0) }.map { String($0) }
    }

    private static func nfc(_ text: String) -> String { String(String.UnicodeScalarView(text._nfc)) }

    /// Upper case first, since only there ß and ﬁ become letters that lower case then makes the same as ss and fi.
    private static func foldCase(_ text: String) -> String { nfc(text.uppercased().lowercased()) }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: isDirectionControl(scalar)
        }
    }

    /// The marks that turn the direction of the text behind them, by which a title could rewrite the page around it.
    private static func isDirectionControl(_ scalar: Unicode.Scalar) -> Bool {
        (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .privateUse, .spacingMark:
            true
        default: false
        }
    }

    private static func trim(_ scalars: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var scalars = scalars
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return scalars
    }

    /// The longest beginning of at most 1,000 bytes that ends between two scalars.
    private static func cut(_ scalars: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var length = 0
        var end = scalars.startIndex
        for index in scalars.indices {
            length += UTF8.width(scalars[index])
            if length > maximumLength { return scalars[..<end] }
            end = scalars.index(after: index)
        }
        return scalars
    }
}
