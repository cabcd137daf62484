internal import Model
internal import Platform
internal import Registry

/// The DNS port of a registry: UDP, and TCP with several queries per connection (RFC 7766).
@Loop
final class DNSPorts {
    /// Connections at a time; one more closes the one that has been idle longest.
    static let maximumConnections = 128
    /// How long a connection may take for its next whole query, and for taking an answer.
    static let patience: Duration = .seconds(10)
    private static let portAttempts = 16

    /// Answers one query; nil drops it.
    var answering: (@Loop @Sendable ([UInt8], DNSTransport, Endpoint) -> [UInt8]?)?
    private(set) var local: Endpoint
    private let clock: any Clock
    private var datagrams: (any DatagramSocket)?
    private var listener: (any StreamListener)?
    private var connections: [Int: Connection] = [:]
    private var lastConnection = 0

    private struct Connection {
        let stream: any ByteStream
        var lastQuery: MonotonicTime
        var task: Task<Void, Never>?
    }

    init(at endpoint: Endpoint, network: any Network, clock: any Clock) throws(StreamError) {
        self.clock = clock
        local = endpoint
        try open(at: endpoint, network, attempts: endpoint.port == 0 ? Self.portAttempts : 1)
    }

    /// UDP and TCP share one port number; a free one for UDP may be taken for TCP, so a few are tried.
    private func open(at endpoint: Endpoint, _ network: any Network, attempts: Int) throws(StreamError) {
        let socket = try network.openDatagrams(on: endpoint) { [weak self] bytes, source in
            self?.received(bytes, from: source)
        }
        local = socket.local
        do throws(StreamError) {
            listener = try network.listen(on: local) { [weak self] stream in self?.accepted(stream) }
            datagrams = socket
        } catch {
            socket.close()
            guard attempts > 1 else { throw error }
            try open(at: endpoint, network, attempts: attempts - 1)
        }
    }

    private func received(_ bytes: [UInt8], from source: Endpoint) {
        // An answer to port 0 cannot be sent, and one to ourselves would come back for ever.
        guard source.port != 0, source != local, let reply = answering?(bytes, .udp, source) else { return }
        datagrams?.send(reply, to: source)
    }

    private func accepted(_ stream: any ByteStream) {
        if connections.count >= Self.maximumConnections { closeIdlest() }
        lastConnection += 1
        let number = lastConnection
        connections[number] = Connection(stream: stream, lastQuery: clock.now)
        connections[number]?.task = Loop.spawn("dns connection") { [weak self] in
            await self?.serve(stream, number)
            stream.close()
            self?.connections[number] = nil
        }
    }

    private func closeIdlest() {
        let idlest = connections.min { ($0.value.lastQuery, $0.key) < ($1.value.lastQuery, $1.key) }
        guard let idlest else { return }
        connections[idlest.key] = nil
        idlest.value.stream.close()
        idlest.value.task?.cancel()
    }

    /// Answers the queries of one connection in their order until it ends, idles too long or sends what is no query.
    private func serve(_ stream: any ByteStream, _ number: Int) async {
        var frames = DNSFrames()
        do throws(StreamError) {
            while connections[number] != nil {
                let deadline = clock.now + Self.patience
                guard let query = try await nextMessage(of: stream, &frames, deadline: deadline) else { return }
                connections[number]?.lastQuery = clock.now
                guard let reply = answering?(query, .tcp, stream.remote), let framed = DNSFrames.framed(reply) else {
                    return
                }
                try await stream.write(framed, deadline: clock.now + Self.patience)
            }
        } catch {
            // The other side's fault or its end: this connection is over, nothing else is.
            return
        }
    }

    private func nextMessage(
        of stream: any ByteStream, _ frames: inout DNSFrames, deadline: MonotonicTime
    ) async throws(StreamError) -> [UInt8]? {
        while true {
            if let message = frames.next() { return message }
            let more = try await stream.read(atMost: 4096, deadline: deadline)
            if more.isEmpty { return nil }
            frames.append(more)
        }
    }

    func close() {
        datagrams?.close()
        listener?.close()
        for (_, connection) in connections.sorted(by: { $0.key < $1.key }) {
            connection.stream.close()
            connection.task?.cancel()
        }
        connections = [:]
    }
}
