internal import CLinux
internal import Glibc
internal import Platform

/// A few threads for calls that block: files, SQLite, hashing. One thread makes a serial queue.
///
/// Jobs start in the order in which they came. Whoever asks waits for the answer, so that the askers bound the queue.
package final class BlockingPool: Sendable {
    private let queue = JobQueue()
    private let threads: Int

    /// - Parameters:
    ///   - name: shows in `top -H`; at most 15 bytes of it.
    ///   - threads: at least 1. They end, after the jobs that wait, when the pool is released.
    package init(name: String, threads: Int) {
        invariant(threads >= 1, "a pool needs a thread")
        self.threads = threads
        for _ in 0..<threads {
            startThread(name) { [queue] in
                while let job = queue.next() {
                    job()
                    queue.finished()
                }
            }
        }
    }

    deinit { queue.end(threads: threads) }

    /// The number of jobs that wait or run: a gauge for `/metrics`, and what a caller may shed load by.
    package var load: Int { queue.load }

    /// Runs `body` on one of the threads and returns what it returns; the caller's thread is free meanwhile.
    /// - Throws: what `body` throws. Cancelling the task does not stop a body, which has no point to stop at.
    package func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { waiting in
            queue.add { waiting.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }
}

/// Jobs in the order in which they came; the semaphore counts the jobs, and one more for each thread that shall end.
private final class JobQueue: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        /// Jobs before it have been taken.
        var first = 0
        var running = 0
    }

    private let state = Locked(State())
    private let available = Semaphore()

    var load: Int { state.withLock { $0.jobs.count - $0.first + $0.running } }

    func add(_ job: @escaping @Sendable () -> Void) {
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    /// Waits for a job; nil ends the thread.
    func next() -> (@Sendable () -> Void)? {
        available.wait()
        return state.withLock { state in
            guard state.first < state.jobs.count else { return nil }
            let job = state.jobs[state.first]
            state.jobs[state.first] = {}
            state.first += 1
            state.running += 1
            if state.first == state.jobs.count {
                state.jobs.removeAll(keepingCapacity: state.first < 1_024)
                state.first = 0
            } else if state.first >= 1_024, state.first * 2 > state.jobs.count {
                state.jobs.removeFirst(state.first)
                state.first = 0
            }
            return job
        }
    }

    func finished() { state.withLock { $0.running -= 1 } }

    func end(threads: Int) {
        for _ in 0..<threads { available.signal() }
    }
}

/// A counting semaphore between threads (sem_overview(7)).
@safe private final class Semaphore: @unchecked Sendable {
    // Safe because the kernel's semaphore is made for several threads, and its memory lives as long as this object.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func signal() { unsafe sem_post(semaphore) }

    func wait() {
        // Only an interrupting signal makes it return without a count.
        while unsafe sem_wait(semaphore) != 0 {}
    }
}
