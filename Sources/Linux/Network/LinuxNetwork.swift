internal import CLinux
internal import Glibc
package import Model
package import Platform

/// The network of this host: TCP, UDP and TLS on the process's event loop.
@Loop
package final class LinuxNetwork: Network {
    private let maximumStreams: Int
    /// Connections made and accepted that are not closed yet: a gauge.
    package private(set) var openStreamCount = 0
    private let contexts = TLSContexts()

    /// - Parameter maximumStreams: connections at a time, made and accepted ones together. At the bound, listeners let
    ///   callers wait in the kernel's queue; connections of one's own are still made, since the ring lives on them.
    package init(maximumStreams: Int = 8_192) { self.maximumStreams = maximumStreams }

    package func listen(
        on endpoint: Endpoint, accepting: @escaping @Loop @Sendable (any ByteStream) -> Void
    ) throws(StreamError) -> any StreamListener {
        try TCPListener(on: endpoint, network: self, accepting: accepting)
    }

    package func connect(
        to endpoint: Endpoint, from source: HostAddress, deadline: MonotonicTime
    ) async throws(StreamError) -> any ByteStream {
        let socket = try Descriptor.stream()
        if source != .any {
            // Lets two connections to different places share a local port; else 28,000 would be all.
            socket.setOption(Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT)
            try socket.bind(to: Endpoint(source, 0))
        }
        return try await finishConnecting(socket, to: endpoint, deadline: deadline)
    }

    /// Connects a socket that is bound, or will be by the system.
    func finishConnecting(
        _ socket: consuming Descriptor, to endpoint: Endpoint, deadline: MonotonicTime
    ) async throws(StreamError) -> any ByteStream {
        let result = rondo_connect(socket.number, endpoint.host.value, endpoint.port)
        if result < 0 && result != -EINPROGRESS { throw StreamError(errorNumber: -result) }
        let waiting = try ConnectWait(socket.number)
        defer { waiting.end() }
        if result < 0 { try await waiting.wait(until: deadline) }
        // A free port of the system's own range may meet itself (simultaneous open, RFC 9293 §3.5): nobody listens
        // there.
        if socket.localEndpoint() == endpoint { throw .refused }
        waiting.end()
        return try makeStream(socket, remote: endpoint)
    }

    package func openDatagrams(
        on endpoint: Endpoint, receiving: @escaping @Loop @Sendable ([UInt8], Endpoint) -> Void
    ) throws(StreamError) -> any DatagramSocket {
        try UDPSocket(on: endpoint, receiving: receiving)
    }

    package func secure(
        _ stream: any ByteStream, as side: StreamSide, secrets: [PeerSecret], deadline: MonotonicTime
    ) async throws(StreamError) -> any ByteStream {
        guard let stream = stream as? TCPStream else { throw .failed(EOPNOTSUPP) }
        do throws(StreamError) {
            let secured = try TLSStream(stream, context: contexts.context(side, secrets))
            try await secured.handshake(side, deadline: deadline)
            return secured
        } catch {
            stream.close()
            throw error
        }
    }

    package func interfaceAddress(
        _ address: HostAddress, prefix: Int, beside own: HostAddress
    ) throws(StreamError) -> any InterfaceAddress {
        try LinuxInterfaceAddress(address, prefix: prefix, beside: own)
    }

    package func sourceAddress(toward host: HostAddress) -> HostAddress? {
        // Connecting a UDP socket sends nothing; it only asks the routing table.
        guard let socket = try? Descriptor.datagrams(), rondo_connect(socket.number, host.value, 9) == 0
        else { return nil }
        return socket.localEndpoint().host
    }

    package func broadcastAddresses(of host: HostAddress) -> [HostAddress] {
        var addresses = [UInt32](repeating: 0, count: 16)
        // Safe because no more addresses are written than the array has places.
        let count = unsafe rondo_broadcast_addresses(host.value, &addresses, Int32(addresses.count))
        return addresses.prefix(Int(max(0, count))).map(HostAddress.init)
    }

    var mayOpenStream: Bool { openStreamCount < maximumStreams }

    func makeStream(_ socket: consuming Descriptor, remote: Endpoint) throws(StreamError) -> TCPStream {
        let stream = try TCPStream(socket, remote: remote) { [weak self] in self?.openStreamCount -= 1 }
        openStreamCount += 1
        return stream
    }
}

/// Waits for the outcome of a connect.
@Loop
private final class ConnectWait: ReadinessHandler {
    private let number: Int32
    private var registration: Registration?
    private let writable = WaitPoint()

    init(_ number: Int32) throws(StreamError) {
        self.number = number
        registration = try Reactor.shared.register(number, .edge, self)
    }

    func wait(until deadline: MonotonicTime) async throws(StreamError) {
        try await writable.wait(after: 0, until: deadline).check()
        switch rondo_socket_error(number) {
        case 0: return
        case ETIMEDOUT: throw .timedOut
        case let error: throw StreamError(errorNumber: error)
        }
    }

    func became(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: [.writable, .hungUp]) { writable.wake() }
    }

    /// Must come before the descriptor is closed or registered again; a second call does nothing.
    func end() {
        if let registration { Reactor.shared.remove(number, registration) }
        registration = nil
        writable.close()
    }
}
