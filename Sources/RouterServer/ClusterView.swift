package import Model
package import Platform

/// What the API needs to know of the cluster and of its own server.
@Loop
package protocol ClusterView: AnyObject, Sendable {
    /// The body of `/api/v1/cluster`.
    var status: ClusterStatus { get }

    /// Whether this server answers everything: as a Router, or alone in its ring.
    var servesListeners: Bool { get }

    /// Whether a song that is not in this server's catalogue is in nobody's: not so just after a start.
    var knowsAllSongs: Bool { get }

    /// Why `/readyz` answers 503, one reason each, `not in the ring`; empty when ready.
    var unreadiness: [String] { get }

    /// The live Routers but this one, `HOST:PORT`, in random order: by their own addresses for who asked this server by
    /// its own, else as listeners outside are told.
    /// - Parameter host: what the asker called this server, its `Host`.
    func otherRouters(forHost host: String?) -> [String]

    /// Servers that are dead or have left, `HOST:PORT`, each as itself and as listeners reached it: pages that they
    /// served may be open still.
    var goneHosts: [String] { get }

    /// Whether this server sends fewer songs than it may.
    var hasRoom: Bool { get }

    /// Those of `otherRouters` that have, as far as is known.
    func routersWithRoom(forHost host: String?) -> [String]

    /// Moved on whenever `status` changes, or an event was noted.
    var changes: ChangeSignal { get }

    /// What this server saw happen in its ring.
    var events: RingEvents { get }

    /// The body of `/metrics`: Prometheus text, exposition format 0.0.4.
    var metricsText: String { get }
}

/// Wakes whoever waits for the next change of something; it counts changes, so that none is missed between two waits.
@Loop
package final class ChangeSignal {
    /// Grows by one with each change.
    package private(set) var version: UInt64 = 0
    private var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var nextWaiter: UInt64 = 0
    private let clock: any Clock

    package init(clock: any Clock) { self.clock = clock }

    package func changed() {
        version += 1
        let woken = waiters
        waiters = [:]
        for (_, waiter) in woken.sorted(by: { $0.key < $1.key }) { waiter.resume() }
    }

    /// Returns once `version` is beyond `known`, or at the deadline, with the version then.
    package func wait(beyond known: UInt64, until deadline: MonotonicTime) async -> UInt64 {
        guard version <= known else { return version }
        nextWaiter += 1
        let number = nextWaiter
        let timer = clock.schedule(at: deadline) { [weak self] in self?.waiters.removeValue(forKey: number)?.resume() }
        await withCheckedContinuation { waiters[number] = $0 }
        timer.cancel()
        return version
    }
}
