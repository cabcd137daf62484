import Linux
import Platform

/// Ctrl-C and SIGTERM as something to wait for: the first asks for an orderly end, the second for one at once.
@Loop
final class StopRequest {
    private(set) var count = 0
    private var waiters: [CheckedContinuation<Void, Never>] = []
    var first: @Loop () -> Void = {}
    var second: @Loop () -> Void = {}

    /// Takes the signals over from the system.
    func listen(to signals: [Signal] = [.interrupt, .terminate, .hangUp]) throws(Faults) {
        do throws(StreamError) {
            for signal in signals {
                try Signals.handle(signal) { [self] in arrived() }
            }
        } catch {
            throw Faults(.failed("the system does not let this program handle signals (\(error))"))
        }
    }

    var hasCome: Bool { count > 0 }

    /// Also called for an end that nobody asked for, as when all servers have died.
    func arrived() {
        count += 1
        if count == 1 { first() }
        if count == 2 { second() }
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume() }
    }

    /// Returns once the first one has come.
    func wait() async {
        guard count == 0 else { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}
