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
    /// While datagrams are handed over, what is sent in answer goes out with the next ones in one system call.
    private var isReceiving = false
    private let outgoing = OutgoingBatch.shared

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
        if isReceiving, outgoing.append(bytes, to: endpoint) {
            if outgoing.isFull { outgoing.flush(number) }
            return
        }
        _ = unsafe bytes.withUnsafeBytes { buffer in
            // Safe because the kernel copies the bytes during the call. An empty datagram may have no address of its
            // own.
            guard let start = buffer.baseAddress else { return Int32(0) }
            return unsafe rondo_send_datagram(number, start, buffer.count, endpoint.host.value, endpoint.port)
        }
    }

    func close() {
        if isReceiving, let number = socket?.number { outgoing.flush(number) }
        guard let socket = socket.take() else { return }
        if let registration { Reactor.shared.remove(socket.number, registration) }
        keepsItself = nil
    }

    func became(_ readiness: Readiness) {
        for _ in 0..<DatagramBatch.batchesPerTurn {
            guard let number = socket?.number else { return }
            let (datagrams, isMore) = DatagramBatch.shared.receive(number)
            isReceiving = true
            for (bytes, sender) in datagrams where socket != nil { receiving(bytes, sender) }
            isReceiving = false
            if socket != nil { outgoing.flush(number) }
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

/// Datagrams that go out together. There is one for the loop: only one socket hands over what it received at a time.
@Loop
private final class OutgoingBatch {
    static let shared = OutgoingBatch()
    private static let size = Int(RONDO_DATAGRAMS)

    private var bytes: [UInt8] = []
    private var lengths: [Int32] = []
    private var hosts: [UInt32] = []
    private var ports: [UInt16] = []

    var isFull: Bool { lengths.count == Self.size }

    /// - Returns: false for an empty datagram, which has no address of its own.
    func append(_ datagram: [UInt8], to endpoint: Endpoint) -> Bool {
        if datagram.isEmpty { return false }
        bytes += datagram
        lengths.append(Int32(datagram.count))
        hosts.append(endpoint.host.value)
        ports.append(endpoint.port)
        return true
    }

    func flush(_ number: Int32) {
        guard !lengths.isEmpty else { return }
        unsafe bytes.withUnsafeBytes { buffer in
            // Safe because `lengths` add up to the buffer's, the arrays have one length, and all live during the call.
            guard let start = buffer.baseAddress else { return }
            unsafe rondo_send_datagrams(number, start, Int32(lengths.count), lengths, hosts, ports)
        }
        bytes.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        hosts.removeAll(keepingCapacity: true)
        ports.removeAll(keepingCapacity: true)
    }
}
