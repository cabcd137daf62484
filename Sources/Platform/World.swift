/// What every process uses of its host.
@Loop
package struct Host: Sendable {
    package let clock: any Clock
    package let network: any Network
    package let files: any Files
    package let log: Logger

    package init(clock: any Clock, network: any Network, files: any Files, log: Logger) {
        self.clock = clock
        self.network = network
        self.files = files
        self.log = log
    }
}

/// Everything outside that a server uses, in one bundle: the real one is `Linux`, a simulated one replaces it in tests.
@Loop
package struct World: Sendable {
    package let clock: any Clock
    package let network: any Network
    package let files: any Files
    package let chunks: any ChunkStore
    package let metadata: any MetadataStore
    package let log: Logger

    package init(host: Host, chunks: any ChunkStore, metadata: any MetadataStore) {
        clock = host.clock
        network = host.network
        files = host.files
        log = host.log
        self.chunks = chunks
        self.metadata = metadata
    }
}
