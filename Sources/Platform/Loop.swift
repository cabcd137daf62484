internal import Synchronization

/// The isolation of everything that a server does on its event loop: one loop a process, one thread a loop.
///
/// Sockets, machines and their shells are `@Loop` classes: they call each other without locks or hops, and the compiler
/// refuses anything else. Disk, SQLite and hashing leave it through `async` seams. The executor is installed by the
/// world (`Linux`, or a simulated one) before the first use.
@globalActor
package actor Loop {
    package static let shared = Loop()

    private let executor: any LoopExecutor

    private init() {
        let installed = Loop.installed.withLock { $0 }
        guard let installed else { fatalError("the loop was used before LoopExecutor.install()") }
        executor = installed
    }

    // Safe because `executor` lives as long as this actor, which is never freed.
    nonisolated package var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private static let installed = Mutex<(any LoopExecutor)?>(nil)

    /// Makes `executor` the loop of this process; only the first call counts.
    package static func install(_ executor: any LoopExecutor) {
        installed.withLock { if $0 == nil { $0 = executor } }
    }

    /// Starts `body` on the loop as a task of its own whose value somebody waits for.
    package static func start<Value: Sendable>(
        _ name: String, _ body: @escaping @Loop @Sendable () async throws -> Value
    ) -> Task<Value, any Error> {
        Task(name: name, executorPreference: shared.executor) { try await body() }
    }

    /// Runs `body` on the loop as a task of its own. Its owner keeps the handle and cancels it.
    @discardableResult
    package static func spawn(_ name: String, _ body: @escaping @Loop @Sendable () async -> Void) -> Task<Void, Never> {
        // The preference keeps continuations on the loop's thread: without it each resumption goes through the global
        // pool.
        Task(name: name, executorPreference: shared.executor) { await body() }
    }
}

/// What can run the loop's jobs: one thread's executor, for actors and for task preferences.
package protocol LoopExecutor: SerialExecutor, TaskExecutor {}
