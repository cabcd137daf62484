import HTTP
import Linux
import Model
import Platform
import Testing
import TestTools
import WebServer

/// A server on a free port of the loopback address, and connections to it.
@Loop
final class TestServer: HTTPTarget {
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let metrics = Metrics()
    let server: WebServer
    let endpoint: Endpoint

    init(
        limits: ServerLimits = ServerLimits(),
        shortcut: @escaping @Loop @Sendable (RequestHead) -> PreparedAnswer? = { _ in nil },
        handler: @escaping RequestHandler
    ) throws {
        server = WebServer(
            network: network, clock: clock, metrics: metrics, log: .none, limits: limits,
            isMemberOrigin: { $0 == "http://127.0.1.9:8080" }, shortcut: shortcut, handler: handler)
        endpoint = try server.listen(on: Endpoint(.loopback, 0))
    }

    func stop() async { await server.drain(until: clock.now) }
}

/// Opens once; who waits before that goes on then.
@Loop
final class Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    nonisolated init() {}

    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func wait() async {
        if !isOpen { await withCheckedContinuation { waiters.append($0) } }
    }
}
