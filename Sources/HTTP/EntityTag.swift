package import Model

/// Entity tags and the conditions that name them (RFC 9110 §8.8.3, §13.1).
///
/// Dates are not offered, so conditions on dates never hold.
package enum EntityTag {
    /// The strong tag of bytes with this hash, with its quotes: the same on every server.
    package static func strong(_ hash: ContentHash) -> String { "\"\(hash)\"" }

    /// Whether `If-None-Match` says that the client has what `tag` names: weak comparison.
    package static func noneMatchHolds(_ headers: Headers, _ tag: String) -> Bool {
        headers.values("If-None-Match").contains {
            matches($0, tag) { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
        }
    }

    /// Whether `If-Match` forbids an answer: strong comparison.
    package static func matchFails(_ headers: Headers, _ tag: String) -> Bool {
        let values = headers.values("If-Match")
        return !values.isEmpty && !values.contains { matches($0, tag) { $0 } }
    }

    /// Whether a `Range` counts in view of `If-Range`: without one, or with exactly this strong tag (RFC 9110 §13.1.5).
    package static func rangeCounts(_ headers: Headers, _ tag: String) -> Bool {
        headers["If-Range"].map { $0 == tag } ?? true
    }

    private static func matches(_ list: String, _ tag: String, _ normal: (String) -> String) -> Bool {
        if list == "*" { return true }
        return list.utf8.split(separator: 0x2C).contains { normal(Headers.trimmed(Substring($0))) == tag }
    }
}
