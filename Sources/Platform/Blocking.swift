/// Runs calls that block (files, SQLite, hashing) on threads of their own, never on the loop's.
package protocol BlockingRunner: Sendable {
    /// Runs `body` on such a thread and returns what it returns. Cancelling the task does not stop it.
    func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value
}
