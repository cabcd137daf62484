import FoundationEssentials
import Glibc
import Linux
import Model
import Node
import Platform
import SQLiteStore
import Testbed

/// A server in this process: builds the world, runs, and leaves when a signal says so.
@Loop
struct ServerProcess {
    /// How long a server may take to leave before it ends all the same (the spec, §2).
    private static let leaveLimit = Duration.seconds(30)
    private static let diskThreads = 3
    /// How often memory that a burst has left free goes back to the system.
    private static let trimInterval = Duration.seconds(10)

    let configuration: ServerConfiguration
    let keySource: KeySource
    let home: Home
    /// The range of ports of which one is this server's, where its engine chose it.
    let publicHTTP: PublicHTTP?

    func run() async throws(Faults) {
        let clock = LinuxClock()
        let network = try network(clock)
        let address = try address(network)
        let disk = BlockingPool(name: "rondo-disk", threads: Self.diskThreads)
        let host = Host(
            clock: clock, network: network, files: try await files(disk), work: disk, log: log(address))
        Loop.spawn("memory.trim") {
            while true {
                await clock.sleep(for: Self.trimInterval)
                await disk.run { ProcessMemory.trim() }
            }
        }
        let reload = KeyReload(source: keySource, keys: configuration.keys, pool: disk, log: host.log)
        do throws(StartFailure) {
            try reloadOnSignal(reload)
            if configuration.choice == .registry {
                let registry = try await RegistryNode.start(configuration, address: address, host: host)
                reload.give { registry.use($0) }
                try leaveOnSignal(clock) { await registry.leave() }
                if let failure = await registry.run() { throw failure }
            } else {
                let server = try await RingServer.start(
                    configuration, address: address, host: host, findPublicHTTP: publicHTTPFinder(host),
                    openStores: stores(disk, host.log))
                reload.give { server.use($0) }
                try leaveOnSignal(clock) { await server.leave() }
                if let failure = await server.run() { throw failure }
            }
        } catch {
            throw Faults(.failed(error.description))
        }
        host.log.info("ended")
    }

    /// This host's network; a worse one where a test says so.
    private func network(_ clock: LinuxClock) throws(Faults) -> any Network {
        do throws(TestbedError) {
            return try FaultyNetwork.around(
                LinuxNetwork(), clock: clock, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw Faults(.failed(error.description))
        }
    }

    private func address(_ network: any Network) throws(Faults) -> HostAddress {
        if let address = configuration.address { return address }
        let registry = configuration.registries.first ?? ServerConfiguration.defaultRegistry
        if let own = network.sourceAddress(toward: registry.host) { return own }
        let usage = "rondo server \(configuration.choice.rawValue) ADDRESS"
        throw Faults(.failed("this host has no network that reaches the registry; say its address: \(usage)"))
    }

    private func publicHTTPFinder(_ host: Host) -> PublicHTTPFinder? {
        guard let publicHTTP else { return nil }
        return { id in
            let world = ClientPlace.local(registry: .loopback).world()
            guard let gateway = Gateway.standard,
                let port = await publicHTTP.port(of: id, at: gateway, world: world)
            else {
                host.log.warning(
                    "no published port of the range leads here; listeners are told this server's own address",
                    [
                        "host": publicHTTP.host, "first": publicHTTP.ports.lowerBound,
                        "last": publicHTTP.ports.upperBound,
                    ])
                return nil
            }
            host.log.info("is published", ["http": publicHTTP.text(port)])
            return publicHTTP.text(port)
        }
    }

    private func log(_ address: HostAddress) -> Logger {
        switch configuration.logFormat {
        // A log of people is one server's; one of programs is collected from many.
        case .text: LogSink(.text, server: "").logger(level: configuration.logLevel)
        case .json: LogSink(.json, server: address.description).logger(level: configuration.logLevel)
        }
    }

    private func files(_ disk: BlockingPool) async throws(Faults) -> LinuxFiles {
        do throws(StoreError) {
            return try await LinuxFiles.open(home, pool: disk)
        } catch {
            throw Faults(.failed(Self.sentence(error, configuration)))
        }
    }

    private func stores(_ disk: BlockingPool, _ log: Logger) -> StoreOpener {
        { [configuration, home] id throws(StoreError) in
            let chunks = try await FileChunkStore.open(
                home: home.path, capacity: configuration.capacity, pool: disk)
            if chunks.quarantinedAtStart > 0 {
                log.warning("files that are no chunks are in quarantine", ["files": chunks.quarantinedAtStart])
            }
            let metadata = try await SQLiteStore.open(
                path: home.catalogue, server: id, writing: BlockingPool(name: "rondo-write", threads: 1),
                reading: BlockingPool(name: "rondo-read", threads: 1))
            if let aside = metadata.putAside {
                log.error("the catalogue was broken and is set aside; the other servers have it", ["file": aside])
            }
            return (chunks, metadata)
        }
    }

    /// From the beginning: a signal that nobody waits for would end the process.
    private func reloadOnSignal(_ reload: KeyReload) throws(StartFailure) {
        do throws(StreamError) {
            try reload.listen()
        } catch {
            throw StartFailure("the system does not let this program handle signals")
        }
    }

    /// The first signal lets the server leave; the second, or the end of its time, ends it at once.
    private func leaveOnSignal(
        _ clock: LinuxClock, _ leave: @escaping @Loop @Sendable () async -> Void
    ) throws(StartFailure) {
        let request = StopRequest()
        request.second = { exit(1) }
        request.first = {
            Loop.spawn("leave") { await leave() }
            _ = clock.schedule(at: clock.now + Self.leaveLimit) { exit(1) }
        }
        do throws(Faults) {
            try request.listen(to: [.interrupt, .terminate])
        } catch {
            throw StartFailure("the system does not let this program handle signals")
        }
    }

    nonisolated static func sentence(_ error: StoreError, _ configuration: ServerConfiguration) -> String {
        switch error {
        case .failed(_, let message): message
        case .full: "the disk of \(configuration.home) is full; make room or give another --home"
        case .missing, .corrupt: "the home \(configuration.home) cannot be used; give another --home"
        }
    }
}
