internal import Model
internal import Platform

/// One dial that several requests may wait for, each as long as it likes.
@Loop
final class Dialling {
    private var waiters: [UInt64: CheckedContinuation<Result<PeerLink, PeerError>, Never>] = [:]
    private var nextWaiter: UInt64 = 0
    private var result: Result<PeerLink, PeerError>?

    func finish(_ result: Result<PeerLink, PeerError>) {
        self.result = result
        let waiting = waiters
        waiters = [:]
        // In the order in which they came: their requests keep it.
        for (_, waiter) in waiting.sorted(by: { $0.key < $1.key }) { waiter.resume(returning: result) }
    }

    func outcome(by deadline: MonotonicTime, _ clock: any Clock) async -> Result<PeerLink, PeerError> {
        if let result { return result }
        nextWaiter += 1
        let number = nextWaiter
        let timer = clock.schedule(at: deadline) { [self] in
            waiters.removeValue(forKey: number)?.resume(returning: .failure(.timedOut))
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { waiters[number] = $0 }
    }
}

extension PeerError.StreamFailure {
    init(_ error: StreamError) {
        switch error {
        case .refused: self = .refused
        case .timedOut: self = .timedOut
        case .untrusted(let reason): self = .untrusted(reason)
        default: self = .other("\(error)")
        }
    }
}
