package import Model

/// How far the copying of missing chunks has come, and when more may be sent within its bound.
package struct CopyProgress: Sendable {
    /// Copies still to be made, those under way among them.
    package private(set) var copiesLeft = 0
    private var bytesLeft: Int64 = 0
    private var bytesDone: Int64 = 0
    private var began = MonotonicTime.zero
    /// Bytes a second; 0 is no bound.
    private let rate: Int64
    private var freeAt = MonotonicTime.zero

    package init(rate: Int64) { self.rate = rate }

    /// Begins anew with copies of so many bytes each.
    package mutating func begin(_ lengths: [Int], at now: MonotonicTime) {
        copiesLeft = lengths.count
        bytesLeft = lengths.reduce(0) { $0 + Int64($1) }
        bytesDone = 0
        began = now
    }

    package mutating func end() { (copiesLeft, bytesLeft) = (0, 0) }

    /// Whether it was made or not, this copy is no longer to be made in this pass.
    package mutating func finished(_ length: Int) {
        copiesLeft = max(0, copiesLeft - 1)
        bytesLeft = max(0, bytesLeft - Int64(length))
        bytesDone += Int64(length)
    }

    /// When so many bytes may be sent; they count from then on.
    package mutating func take(_ length: Int, at now: MonotonicTime) -> MonotonicTime {
        guard rate > 0 else { return now }
        let start = max(now, freeAt)
        freeAt = start + .seconds(1) * (Double(length) / Double(rate))
        return start
    }

    /// By how fast it went so far; before the first copy by the bound. 0 when nothing is left.
    package func secondsLeft(at now: MonotonicTime) -> Int {
        guard bytesLeft > 0 else { return 0 }
        let elapsed = (now - began) / .seconds(1)
        if bytesDone > 0, elapsed > 0 { return Int((Double(bytesLeft) * elapsed / Double(bytesDone)).rounded(.up)) }
        return rate > 0 ? Int((Double(bytesLeft) / Double(rate)).rounded(.up)) : 1
    }
}
