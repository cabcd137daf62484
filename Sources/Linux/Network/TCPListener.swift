internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// A listening socket. When the process is out of descriptors or holds all the connections it may, it rests for a
/// moment and lets callers wait in the kernel's queue.
@Loop
final class TCPListener: StreamListener, ReadinessHandler {
    let local: Endpoint
    private var socket: Descriptor?
    private var registration: Registration?
    private var rest: LoopTimer?
    private let network: LinuxNetwork
    private let accepting: @Loop @Sendable (any ByteStream) -> Void
    /// A listener lives until it is closed, whether or not its owner keeps it.
    private var keepsItself: TCPListener?

    private static let backlog: Int32 = 1_024
    private static let acceptsPerTurn = 64
    private static let restTime = Duration.milliseconds(100)

    init(
        on endpoint: Endpoint, network: LinuxNetwork, accepting: @escaping @Loop @Sendable (any ByteStream) -> Void
    ) throws(StreamError) {
        let socket = try Descriptor.stream()
        // A restarted server takes its port back from connections that are still in TIME_WAIT.
        socket.setOption(SOL_SOCKET, SO_REUSEADDR)
        try socket.bind(to: endpoint)
        if listen(socket.number, Self.backlog) != 0 { throw .failed(errno) }
        local = socket.localEndpoint()
        self.network = network
        self.accepting = accepting
        let number = socket.number
        self.socket = consume socket
        registration = try Reactor.shared.register(number, .level, self)
        keepsItself = self
    }

    func close() {
        guard let socket = socket.take() else { return }
        if let registration { Reactor.shared.remove(socket.number, registration) }
        rest?.cancel()
        keepsItself = nil
    }

    func became(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerTurn {
            guard let number = socket?.number else { return }
            guard network.mayOpenStream else { return pause() }
            var host: UInt32 = 0
            var port: UInt16 = 0
            // Safe because the call writes the two numbers and keeps no pointer.
            let result = unsafe rondo_accept(number, &host, &port)
            switch result {
            case 0...: accepted(result, from: Endpoint(HostAddress(host), port))
            case -EAGAIN: return
            // The caller has gone already; its place in the queue is gone with it.
            case -ECONNABORTED, -EINTR, -EPROTO: continue
            default: return pause()
            }
        }
    }

    private func accepted(_ result: Int32, from remote: Endpoint) {
        // An error here is this one connection's, which the descriptor's end closes.
        guard let socket = try? Descriptor(result), let stream = try? network.makeStream(socket, remote: remote)
        else { return }
        accepting(stream)
    }

    private func pause() {
        guard let number = socket?.number, let registration else { return }
        Reactor.shared.setPaused(true, number, registration)
        rest = Reactor.shared.timers.schedule(at: Reactor.now + Self.restTime) { [weak self] in
            guard let self, let number = socket?.number else { return }
            Reactor.shared.setPaused(false, number, registration)
        }
    }
}
