/// What every process uses of its host.
@Loop
package struct Host: Sendable {
    package let clock: any Clock
    package let network: any Network
    package let files: any Files
    /// Where work goes that would hold up the loop: hashing.
    package let work: any BlockingRunner
    package let log: Logger

    package init(
        clock: any Clock, network: any Network, files: any Files, work: any BlockingRunner, log: Logger
    ) {
        self.clock = clock
        self.network = network
        self.files = files
        self.work = work
        self.log = log
    }
}

/// Everything outside that a server uses, in one bundle: the real one is `Linux`, a simulated one replaces it in tests.
@Loop
package struct World: Sendable {
    package let clock: any Clock
    package let network: any Network
    package let files: any Files
    package let work: any BlockingRunner
    package let chunks: any ChunkStore
    package let metadata: any MetadataStore
    package let log: Logger

    package init(host: Host, chunks: any ChunkStore, metadata: any MetadataStore) {
        clock = host.clock
        network = host.network
        files = host.files
        work = host.work
        log = host.log
        self.chunks = chunks
        self.metadata = metadata
    }
}
