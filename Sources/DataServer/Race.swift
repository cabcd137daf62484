internal import Model
package import Platform

/// Tries servers one after the other, starting the next as soon as one fails or after `hedge`; the first result wins.
@Loop
final class Race {
    private let servers: [ServerID]
    private let clock: any Clock
    private let hedge: Duration
    private let deadline: MonotonicTime
    private var next = 0
    private var running = 0
    private var continuation: CheckedContinuation<[UInt8]?, Never>?
    private var end: (any TimerHandle)?
    /// Starts the next one; whoever is started by a failure has the whole of `hedge` to itself.
    private var rival: (any TimerHandle)?

    init(servers: [ServerID], clock: any Clock, hedge: Duration, deadline: MonotonicTime) {
        self.servers = servers
        self.clock = clock
        self.hedge = hedge
        self.deadline = deadline
    }

    /// Nil when everybody failed or the deadline passed.
    func run(_ attempt: @escaping @Loop @Sendable (ServerID) async -> [UInt8]?) async -> [UInt8]? {
        let result = await withCheckedContinuation { continuation in
            self.continuation = continuation
            end = clock.schedule(at: deadline) { [weak self] in self?.finish(nil) }
            start(attempt)
        }
        return result
    }

    private func start(_ attempt: @escaping @Loop @Sendable (ServerID) async -> [UInt8]?) {
        guard continuation != nil else { return }
        rival?.cancel()
        guard next < servers.count else {
            if running == 0 { finish(nil) }
            return
        }
        let server = servers[next]
        next += 1
        running += 1
        Loop.spawn("chunk.attempt") { [self] in
            let result = await attempt(server)
            running -= 1
            if let result { finish(result) } else { start(attempt) }
        }
        if next < servers.count {
            rival = clock.schedule(at: clock.now + hedge) { [weak self] in self?.start(attempt) }
        }
    }

    private func finish(_ result: [UInt8]?) {
        end?.cancel()
        rival?.cancel()
        continuation?.resume(returning: result)
        continuation = nil
    }
}

/// Asks several at the same time and waits for all their answers.
@Loop
package enum Gather {
    /// The results in the order of `items`. Each call has a deadline of its own, so this has too.
    package static func all<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ ask: @escaping @Loop @Sendable (Item) async -> Result
    ) async -> [Result] {
        let results = Results<Result>(count: items.count)
        let tasks = items.indices.map { index in
            Loop.spawn("gather") { results.values[index] = await ask(items[index]) }
        }
        for task in tasks { await task.value }
        return results.values.compactMap(\.self)
    }
}

/// Where the answers are put together, in the order of the questions.
@Loop
private final class Results<Value: Sendable> {
    var values: [Value?]

    init(count: Int) { values = Array(repeating: nil, count: count) }
}
