internal import FoundationEssentials
package import Model
package import Platform

/// A network that works as badly as a file says: for tests of real servers, since not every kernel can delay packets.
///
/// Each process spoils what it sends. The file is looked at ten times a second, so that a test can change it while
/// servers run; one that vanishes or makes no sense leaves the last faults in force.
@Loop
package final class FaultyNetwork: Network {
    /// Names the file; without it a server has no such network. For tests only.
    nonisolated package static let variable = "RONDO_TEST_FAULTS"
    private static let interval = Duration.milliseconds(100)

    private let inner: any Network
    private let clock: any Clock
    private let path: String
    private var text: String
    private var generator = SystemRandomNumberGenerator()
    package private(set) var faults: TransportFaults

    /// - Returns: `network` itself where the environment names no file.
    /// - Throws: `TestbedError` where it names one that cannot be used.
    package static func around(
        _ network: any Network, clock: any Clock, environment: [String: String]
    ) throws(TestbedError) -> any Network {
        guard let path = environment[variable] else { return network }
        return try FaultyNetwork(network, clock: clock, path: path)
    }

    package init(_ inner: any Network, clock: any Clock, path: String) throws(TestbedError) {
        guard let text = Self.text(path) else { throw TestbedError("\(Self.variable): \(path) cannot be read") }
        self.inner = inner
        self.clock = clock
        self.path = path
        self.text = text
        faults = try TransportFaults(text)
        lookAgain()
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private func lookAgain() {
        _ = clock.schedule(at: clock.now + Self.interval) { [weak self] in
            guard let self else { return }
            if let text = Self.text(path), text != self.text {
                self.text = text
                faults = (try? TransportFaults(text)) ?? faults
            }
            lookAgain()
        }
    }

    package func listen(
        on endpoint: Endpoint, accepting: @escaping @Loop @Sendable (any ByteStream) -> Void
    ) throws(StreamError) -> any StreamListener {
        try inner.listen(on: endpoint) { [self] stream in accepting(DelayedStream(stream, network: self, clock: clock))
        }
    }

    package func interfaceAddress(
        _ address: HostAddress, prefix: Int, beside own: HostAddress
    ) throws(StreamError) -> any InterfaceAddress {
        try inner.interfaceAddress(address, prefix: prefix, beside: own)
    }

    package func connect(
        to endpoint: Endpoint, from source: HostAddress, deadline: MonotonicTime
    ) async throws(StreamError) -> any ByteStream {
        let ready = clock.now + faults.streamDelay
        await clock.sleep(until: min(ready, deadline))
        if ready > deadline { throw .timedOut }
        return DelayedStream(
            try await inner.connect(to: endpoint, from: source, deadline: deadline), network: self, clock: clock)
    }

    package func secure(
        _ stream: any ByteStream, as side: StreamSide, secrets: [PeerSecret], deadline: MonotonicTime
    ) async throws(StreamError) -> any ByteStream {
        // TLS talks to the socket itself; what is written to it afterwards is delayed again.
        let plain = (stream as? DelayedStream)?.inner ?? stream
        let secured = try await inner.secure(plain, as: side, secrets: secrets, deadline: deadline)
        return DelayedStream(secured, network: self, clock: clock)
    }

    package func sourceAddress(toward host: HostAddress) -> HostAddress? { inner.sourceAddress(toward: host) }

    package func broadcastAddresses(of host: HostAddress) -> [HostAddress] { inner.broadcastAddresses(of: host) }

    package func openDatagrams(
        on endpoint: Endpoint, receiving: @escaping @Loop @Sendable ([UInt8], Endpoint) -> Void
    ) throws(StreamError) -> any DatagramSocket {
        FaultySocket(try inner.openDatagrams(on: endpoint, receiving: receiving), network: self)
    }

    /// Sends a datagram as well as the faults let it.
    fileprivate func send(_ bytes: [UInt8], to endpoint: Endpoint, through socket: any DatagramSocket) {
        for hold in faults.holds(using: &generator) {
            if hold == .zero {
                socket.send(bytes, to: endpoint)
            } else {
                _ = clock.schedule(at: clock.now + hold) { socket.send(bytes, to: endpoint) }
            }
        }
    }
}

/// A UDP socket whose datagrams come late, twice or not at all.
@Loop
private final class FaultySocket: DatagramSocket {
    private let inner: any DatagramSocket
    private let network: FaultyNetwork

    init(_ inner: any DatagramSocket, network: FaultyNetwork) {
        self.inner = inner
        self.network = network
    }

    var local: Endpoint { inner.local }
    func send(_ bytes: [UInt8], to endpoint: Endpoint) { network.send(bytes, to: endpoint, through: inner) }
    func close() { inner.close() }
}
