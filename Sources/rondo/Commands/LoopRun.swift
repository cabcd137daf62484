import Linux
import Platform

/// Runs the asynchronous part of a command on the event loop.
enum LoopRun {
    /// Starts the loop, runs `body` on it and returns what it returns.
    static func run<Value: Sendable>(
        _ body: @escaping @Loop @Sendable () async throws(Faults) -> Value
    ) async throws(Faults) -> Value {
        EventLoop.install()
        let result = Locked<Result<Value, Faults>?>(nil)
        let box = ResultBox(result)
        await Loop.spawn("command") {
            do throws(Faults) {
                box.set(.success(try await body()))
            } catch {
                box.set(.failure(error))
            }
        }.value
        guard let value = box.value else { throw Faults(.failed("the command was stopped")) }
        return try value.get()
    }
}

/// Carries a result from the loop to the main thread.
private final class ResultBox<Value: Sendable>: Sendable {
    private let result: Locked<Result<Value, Faults>?>

    init(_ result: consuming Locked<Result<Value, Faults>?>) { self.result = result }

    var value: Result<Value, Faults>? { result.withLock { $0 } }
    func set(_ value: Result<Value, Faults>) { result.withLock { $0 = value } }
}
