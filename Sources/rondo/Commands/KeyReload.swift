import Crypto
import Linux
import Platform

/// SIGHUP: reads the key file again, so that the key of a running cluster is changed without a pause.
@Loop
final class KeyReload {
    private let source: KeySource
    private let pool: BlockingPool
    private let log: Logger
    private var inUse: [ClusterKey]
    private var taker: (@Loop ([ClusterKey]) -> Void)?
    private var isAwaited = false

    /// - Parameter keys: those that the server starts with.
    init(source: KeySource, keys: [ClusterKey], pool: BlockingPool, log: Logger) {
        self.source = source
        self.pool = pool
        self.log = log
        inUse = keys
    }

    func listen() throws(StreamError) { try Signals.handle(.hangUp) { [self] in reload() } }

    /// Who takes the keys; what was asked for while there was nobody is done now.
    func give(to taker: @escaping @Loop ([ClusterKey]) -> Void) {
        self.taker = taker
        if isAwaited { reload() }
    }

    private func reload() {
        isAwaited = taker == nil
        guard let taker else { return }
        guard case .file(let path) = source.place else {
            return log.warning("the key stands in \(source.origin), which cannot change; give a file and start again")
        }
        Loop.spawn("keys.reload") { [self] in
            do throws(Fault) {
                let keys = try await pool.run { [source] () throws(Fault) in try source.keys() }
                guard !Set(keys).isDisjoint(with: inUse) else {
                    throw .failed(
                        "none of the keys in \(path) is in use; the new one comes first beside the old, then alone")
                }
                inUse = keys
                taker(keys)
                log.info("has read the key file", ["keys": keys.count])
            } catch {
                log.error("the keys stay as they were", ["reason": error.message])
            }
        }
    }
}
