package import Model

/// A hybrid logical clock (Kulkarni and others 2014): stamps that grow on one server, and follow what it has seen of
/// others.
///
/// A wall clock in 1970, or one that jumps back, still gives growing stamps. A server whose wall clock is more than 500
/// ms off its peers' median stamps with the cluster's clock instead, so that one wrong clock does not win every merge.
package struct HybridClock: Hashable, Sendable {
    /// In milliseconds.
    package static let tolerance: Int64 = 500

    package let writer: ServerID
    private var wallMs: Int64 = 0
    private var counter: UInt32 = 0
    /// How far the peers' median is ahead of the wall clock, in milliseconds; negative when it is behind.
    package private(set) var offsetMs: Int64 = 0

    /// - Parameter highest: the highest stamp in this server's catalogue.
    package init(writer: ServerID, highest: Stamp? = nil) {
        self.writer = writer
        if let highest { observe(highest) }
    }

    /// Whether the wall clock is so far off that the cluster's is used: for `status` and the log.
    package var usesClusterTime: Bool { offsetMs.magnitude > Self.tolerance.magnitude }

    /// Goes on from a stamp that another server made.
    package mutating func observe(_ stamp: Stamp) {
        if (stamp.wallMs, stamp.counter) > (wallMs, counter) { (wallMs, counter) = (stamp.wallMs, stamp.counter) }
    }

    /// Learns how far the peers' wall clocks are ahead of this one's, each in milliseconds; none means no peers.
    package mutating func compare(peerOffsetsMs: [Int64]) {
        let sorted = peerOffsetsMs.sorted()
        offsetMs = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    /// A stamp that is higher than any made or seen before.
    /// - Parameter wall: the wall clock, in milliseconds since 1970.
    package mutating func stamp(wallMs wall: Int64) -> Stamp {
        let reading = usesClusterTime ? wall.addingReportingOverflow(offsetMs) : (wall, false)
        if !reading.1, reading.0 > wallMs {
            wallMs = reading.0
            counter = 0
        } else if counter < .max {
            counter += 1
        } else {
            // The last millisecond that 64 bits can name is 292 million years off; a stamp from there stays the
            // highest.
            wallMs = wallMs == .max ? .max : wallMs + 1
            counter = 0
        }
        return Stamp(wallMs: wallMs, counter: counter, writer: writer)
    }
}
