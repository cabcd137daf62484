import Linux
package import Model
import Platform

/// Runs `body` on the event loop, which is installed first, as a server's task does.
/// - Throws: what `body` throws.
package func onLoop<Value: Sendable>(
    _ body: @escaping @Loop @Sendable () async throws -> Value
) async throws -> Value {
    EventLoop.install()
    return try await Loop.start("test", body).value
}

/// So long from now.
@Loop
package func deadline(_ duration: Duration) -> MonotonicTime { LinuxClock().now + duration }

/// Far enough for a busy machine, near enough to end a broken test: 20 s from now.
@Loop package var soon: MonotonicTime { deadline(.seconds(20)) }

/// Looks every 5 ms whether something holds.
/// - Returns: whether it did before `limit`.
@Loop
package func becomes(_ condition: @Loop () async -> Bool, by limit: MonotonicTime = soon) async -> Bool {
    let clock = LinuxClock()
    while await !condition() {
        guard clock.now < limit else { return false }
        await clock.sleep(for: .milliseconds(5))
    }
    return true
}

/// The error that `body` throws, nil for none.
@Loop
package func failure(_ body: @Loop () async throws -> Void) async -> (any Error)? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}
