internal import Synchronization

/// A value behind a lock: change it inside `withLock`, leave, then act. The only lock of the project.
package struct Locked<Value: ~Copyable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>

    package init(_ value: consuming sending Value) { mutex = Mutex(value) }

    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock(body)
    }
}

/// Stops the process with a message when something that must be true is not: on in release too, and it prints.
@inline(__always)
package func invariant(
    _ holds: @autoclosure () -> Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if !holds() { fatalError("invariant broken: \(message())", file: file, line: line) }
}
