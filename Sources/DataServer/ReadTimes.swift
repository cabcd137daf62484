/// How long other servers took lately to answer a read, and from that how long one waits before another is asked too.
///
/// After the time within which 95 of 100 answer, a rival costs one read in twenty and takes the long waits away (Dean
/// and Barroso, "The Tail at Scale", 2013). Never sooner than 10 ms, so that a burst on a fast network does not double
/// itself, and never later than 150 ms, which is what a listener may lose to a server that hangs.
package struct ReadTimes: Sendable {
    package static let least = Duration.milliseconds(10)
    package static let most = Duration.milliseconds(150)
    /// Answers that are remembered.
    private static let window = 128
    /// Fewer say nothing about one in twenty.
    private static let enough = 20

    private var times: [Duration] = []
    private var next = 0
    /// How long to wait for the first server before asking a rival.
    package private(set) var hedge = most

    package init() {}

    /// Notes a right answer and how long it took.
    package mutating func note(_ time: Duration) {
        if times.count < Self.window { times.append(time) } else { times[next] = time }
        next = (next + 1) % Self.window
        // Sorting 128 numbers for each is dearer than what it is for; every eighth answer is soon enough.
        guard times.count >= Self.enough, next.isMultiple(of: 8) else { return }
        hedge = min(max(times.sorted()[times.count * 95 / 100], Self.least), Self.most)
    }
}
