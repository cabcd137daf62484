import Linux
import Model
import Platform

/// What a test waited for did not come.
struct NotInTime: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again, every 20 ms, until `condition` gives a value.
/// - Returns: The value, and how long it took.
/// - Throws: `NotInTime` after `limit`, with what `state` says then.
@Loop
@discardableResult
func eventually<Value: Sendable>(
    within limit: Duration, _ what: String, state: @Loop () async -> String = { "" },
    _ condition: @Loop () async throws -> Value?
) async throws -> (value: Value, after: Duration) {
    let clock = LinuxClock()
    let start = clock.now
    while true {
        if let value = try await condition() { return (value, clock.now - start) }
        guard clock.now - start < limit else {
            throw NotInTime(description: "not within \(limit): \(what). \(await state())")
        }
        await clock.sleep(for: .milliseconds(20))
    }
}

/// The same for a condition that only holds or does not.
@Loop
@discardableResult
func eventually(
    within limit: Duration, _ what: String, state: @Loop () async -> String = { "" },
    holds: @Loop () async throws -> Bool
) async throws -> Duration {
    try await eventually(within: limit, what, state: state) { try await holds() ? true : nil }.after
}
