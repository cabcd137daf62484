package import HTTP
package import Model
package import Platform

/// Serves HTTP/1.1 on a listening socket: one task a connection, bounded in number, time and memory.
@Loop
package final class WebServer {
    let clock: any Clock
    let metrics: Metrics
    let log: Logger
    let limits: ServerLimits
    private let network: any Network
    private let isMemberOrigin: @Loop @Sendable (String) -> Bool
    private let handler: RequestHandler
    private let shortcut: @Loop @Sendable (RequestHead) -> PreparedAnswer?
    let sentBytes: MetricSeries
    private var answered: [AnswerKind: MetricSeries] = [:]
    private var dateText = DateText()

    private struct AnswerKind: Hashable {
        let method: String
        let status: Int
    }

    private var listeners: [any StreamListener] = []
    private var connections: [UInt64: (connection: Connection, task: Task<Void, Never>)] = [:]
    private var nextNumber: UInt64 = 0
    private var drained: CheckedContinuation<Void, Never>?
    private(set) var isDraining = false

    /// - Parameters:
    ///   - isMemberOrigin: whether a page of this origin, `http://127.0.1.3:8080`, may write.
    ///   - shortcut: the answer to a plain GET, where it is there already and everybody may have it.
    package init(
        network: any Network, clock: any Clock, metrics: Metrics, log: Logger, limits: ServerLimits = ServerLimits(),
        isMemberOrigin: @escaping @Loop @Sendable (String) -> Bool = { _ in false },
        shortcut: @escaping @Loop @Sendable (RequestHead) -> PreparedAnswer? = { _ in nil },
        handler: @escaping RequestHandler
    ) {
        self.network = network
        self.clock = clock
        self.metrics = metrics
        self.log = log
        self.limits = limits
        self.isMemberOrigin = isMemberOrigin
        self.shortcut = shortcut
        self.handler = handler
        sentBytes = metrics.counter("rondo_http_sent_bytes_total", "Bytes sent over HTTP.")
    }

    /// The value of an answer's `Date`.
    var date: String { dateText.at(clock.wallMs) }

    func prepared(for head: RequestHead) -> PreparedAnswer? {
        PreparedAnswer.mayAnswer(head) && !isDraining ? shortcut(head) : nil
    }

    /// Begins to accept connections; may be called for several endpoints.
    /// - Returns: the endpoint with the port that was taken.
    /// - Throws: `failed(EADDRINUSE)` and the like.
    @discardableResult
    package func listen(on endpoint: Endpoint) throws(StreamError) -> Endpoint {
        let listener = try network.listen(on: endpoint) { [weak self] stream in
            guard let self else { return stream.close() }
            accept(stream)
        }
        listeners.append(listener)
        return listener.local
    }

    /// Stops accepting, closes idle connections and event streams, lets the others finish, closes those too at the
    /// deadline.
    package func drain(until deadline: MonotonicTime) async {
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        for (_, one) in connections.sorted(by: { $0.key < $1.key }) where one.connection.phase != .busy {
            one.connection.close()
        }
        if !connections.isEmpty { await waitUntilEmpty(until: deadline) }
        for (_, one) in connections.sorted(by: { $0.key < $1.key }) {
            one.task.cancel()
            one.connection.close()
        }
    }

    private func waitUntilEmpty(until deadline: MonotonicTime) async {
        let timer = clock.schedule(at: deadline) { [weak self] in self?.endDraining() }
        await withCheckedContinuation { drained = $0 }
        timer.cancel()
    }

    private func endDraining() {
        let waiter = drained
        drained = nil
        waiter?.resume()
    }

    private func accept(_ stream: any ByteStream) {
        nextNumber += 1
        let number = nextNumber
        let connection = Connection(stream, of: self)
        if connections.count >= limits.connections { closeIdlest() }
        let isFull = connections.count >= limits.connections
        // Those who are told that it is full are few and soon gone; beyond them there is not even an answer.
        guard !isDraining, connections.count < limits.connections + 64 else { return stream.close() }
        let task = Loop.spawn("http connection") { [weak self] in
            if isFull {
                await connection.turnAway()
            } else {
                await connection.run()
            }
            self?.forget(number)
        }
        connections[number] = (connection, task)
        showConnections()
    }

    /// Makes room: who has asked for nothing for the longest time loses its connection, so that nobody can keep others
    /// out by holding connections open. Those too whose head never ends count as idle.
    private func closeIdlest() {
        let idlest = connections.filter { $0.value.connection.phase == .idle }
            .min { ($0.value.connection.idleSince, $0.key) < ($1.value.connection.idleSince, $1.key) }
        guard let idlest else { return }
        idlest.value.connection.close()
        connections[idlest.key] = nil
    }

    private func forget(_ number: UInt64) {
        connections[number] = nil
        showConnections()
        if connections.isEmpty { endDraining() }
    }

    private func showConnections() {
        metrics.set("rondo_http_connections", "Open HTTP connections.", to: Double(connections.count))
    }

    /// What the handler answers, or what stands before it: bad paths, preflights, foreign origins.
    func response(to head: RequestHead, _ body: RequestBody) async -> Response {
        do throws(APIError) {
            let request = Request(head: head, target: try RequestTarget(head.target))
            if let preflight = CrossOrigin.preflight(request, isMember: isMemberOrigin) { return preflight }
            if !CrossOrigin.isRead(head.method), !CrossOrigin.mayWrite(head.headers, isMember: isMemberOrigin) {
                throw CrossOrigin.foreignOrigin
            }
            return await handler(request, body)
        } catch {
            return .failure(error)
        }
    }

    func count(_ method: String, _ status: Int) {
        let known = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"].contains(method) ? method : "other"
        let kind = AnswerKind(method: known, status: status)
        if let series = answered[kind] { return series.add() }
        let series = metrics.counter(
            "rondo_http_requests_total", "HTTP requests answered.", labels: "method=\"\(known)\",status=\"\(status)\"")
        series.add()
        answered[kind] = series
    }
}
