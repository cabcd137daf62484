internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// A bound UDP socket. Datagrams of more than 4,096 bytes, which nobody here sends, are dropped.
@Loop
final class UDPSocket: DatagramSocket, ReadinessHandler {
    let local: Endpoint
    private var socket: Descriptor?
    private var registration: Registration?
    private let receiving: @Loop @Sendable ([UInt8], Endpoint) -> Void
    /// A socket lives until it is closed, whether or not its owner keeps it.
    private var keepsItself: UDPSocket?

    init(
        on endpoint: Endpoint, receiving: @escaping @Loop @Sendable ([UInt8], Endpoint) -> Void
    ) throws(StreamError) {
        let socket = try Descriptor.datagrams()
        socket.setOption(SOL_SOCKET, SO_BROADCAST)
        // All servers of a host hear its broadcasts; a server's own address has one owner.
        if endpoint.host == .any && endpoint.port != 0 { socket.setOption(SOL_SOCKET, SO_REUSEADDR) }
        try socket.bind(to: endpoint)
        local = socket.localEndpoint()
        self.receiving = receiving
        let number = socket.number
        self.socket = consume socket
        registration = try Reactor.shared.register(number, .level, self)
        keepsItself = self
    }

    func send(_ bytes: [UInt8], to endpoint: Endpoint) {
        guard let number = socket?.number else { return }
        _ = unsafe bytes.withUnsafeBytes { buffer in
            // Safe because the kernel copies the bytes during the call. An empty datagram may have no address of its
            // own.
            guard let start = buffer.baseAddress else { return Int32(0) }
            return unsafe rondo_send_datagram(number, start, buffer.count, endpoint.host.value, endpoint.port)
        }
    }

    func close() {
        guard let socket = socket.take() else { return }
        if let registration { Reactor.shared.remove(socket.number, registration) }
        keepsItself = nil
    }

    func became(_ readiness: Readiness) {
        for _ in 0..<DatagramBatch.batchesPerTurn {
            guard let number = socket?.number else { return }
            let (datagrams, isMore) = DatagramBatch.shared.receive(number)
            for (bytes, sender) in datagrams where socket != nil { receiving(bytes, sender) }
            if !isMore { return }
        }
    }
}

/// The memory into which the loop's sockets receive, one system call for up to 32 datagrams.
@Loop
private final class DatagramBatch {
    static let shared = DatagramBatch()
    static let size = Int(RONDO_DATAGRAMS)
    static let batchesPerTurn = 4
    private static let slot = 4_096

    private var bytes = [UInt8](repeating: 0, count: size * slot)
    private var lengths = [Int32](repeating: 0, count: size)
    private var hosts = [UInt32](repeating: 0, count: size)
    private var ports = [UInt16](repeating: 0, count: size)

    /// What has arrived but for what was too long, and whether there may be more.
    func receive(_ number: Int32) -> (datagrams: [([UInt8], Endpoint)], isMore: Bool) {
        // Safe because the arrays have `size` places each, which is what the call fills at most.
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return Int32(0) }
            return unsafe rondo_receive_datagrams(number, start, Self.slot, &lengths, &hosts, &ports)
        }
        let datagrams = (0..<Int(max(0, count))).filter { lengths[$0] >= 0 }.map { index in
            let start = index * Self.slot
            return (
                Array(bytes[start..<start + Int(lengths[index])]), Endpoint(HostAddress(hosts[index]), ports[index])
            )
        }
        return (datagrams, count == Self.size)
    }
}
