internal import Model

/// How badly a transport works: what is done to each datagram that is sent, and to what is written to streams.
///
/// As a text it is lines of `name = value`, such as `delay-ms = 40`; what is not named is 0, `#` begins a comment.
package struct TransportFaults: Equatable, Sendable {
    /// What every datagram takes longer.
    package var delay = Duration.zero
    /// Up to so much more for each, evenly spread; datagrams overtake each other by it.
    package var jitter = Duration.zero
    /// How many of a hundred datagrams vanish.
    package var lossPercent = 0
    /// How many of a hundred arrive twice.
    package var duplicatePercent = 0
    /// How many of a hundred are held back until others have overtaken them: by delay and jitter once more and 20 ms.
    package var reorderPercent = 0
    /// What everything written to a stream takes longer, in order; a new connection takes it too.
    package var streamDelay = Duration.zero

    /// Nothing wrong.
    package init() {}

    /// The longest that anything may be held back: a minute.
    private static let mostMilliseconds = 60_000

    /// - Throws: `TestbedError` that names the line.
    package init(_ text: String) throws(TestbedError) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(separator: "=", omittingEmptySubsequences: false).map(
                Self.trimmed)
            if words == [""] { continue }
            guard words.count == 2, let value = Int(words[1]), try take(words[0], value) else {
                throw TestbedError("“\(line)” is no fault of a transport: write name = number, as in delay-ms = 40")
            }
        }
    }

    private mutating func take(_ name: String, _ value: Int) throws(TestbedError) -> Bool {
        let isTime = name.hasSuffix("-ms")
        guard (0...(isTime ? Self.mostMilliseconds : 100)).contains(value) else { return false }
        switch name {
        case "delay-ms": delay = .milliseconds(value)
        case "jitter-ms": jitter = .milliseconds(value)
        case "loss-percent": lossPercent = value
        case "duplicate-percent": duplicatePercent = value
        case "reorder-percent": reorderPercent = value
        case "stream-delay-ms": streamDelay = .milliseconds(value)
        default: return false
        }
        return true
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// How long each copy of the next datagram is held back; empty when it vanishes.
    package func holds(using generator: inout some RandomNumberGenerator) -> [Duration] {
        func happens(_ percent: Int) -> Bool { percent > 0 && Int.random(in: 0..<100, using: &generator) < percent }
        if happens(lossPercent) { return [] }
        return (0..<(happens(duplicatePercent) ? 2 : 1)).map { _ in
            let most = jitter.components.attoseconds / 1_000_000_000 + jitter.components.seconds * 1_000_000_000
            let spread = most > 0 ? Duration.nanoseconds(Int64.random(in: 0...most, using: &generator)) : .zero
            let late = happens(reorderPercent) ? delay + jitter + .milliseconds(20) : .zero
            return delay + spread + late
        }
    }
}
