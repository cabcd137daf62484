package import Model
package import Platform

/// Lets one task wait until a time or until it is woken.
@Loop
package final class Wake {
    private let clock: any Clock
    private var continuation: CheckedContinuation<Void, Never>?
    private var isWoken = false

    package init(clock: any Clock) { self.clock = clock }

    package func wake() {
        isWoken = true
        continuation?.resume()
        continuation = nil
    }

    package func wait(until time: MonotonicTime) async {
        if !isWoken {
            let timer = clock.schedule(at: time) { [weak self] in self?.wake() }
            await withCheckedContinuation { waiter in
                // One that waits since before has been told to end.
                continuation?.resume()
                continuation = waiter
            }
            timer.cancel()
        }
        isWoken = false
    }
}
