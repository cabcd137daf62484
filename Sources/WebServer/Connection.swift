internal import HTTP
internal import Model
internal import Platform

/// One connection: requests in, answers out, in order, until either side ends it.
@Loop
final class Connection {
    /// What the connection is at, for draining.
    enum Phase { case idle, busy, events }

    private(set) var phase = Phase.idle
    /// Since when it has waited for a request, while it is idle.
    private(set) var idleSince: MonotonicTime
    private let stream: any ByteStream
    private let server: WebServer
    private var parser = RequestParser()

    private static let readLength = 64 << 10

    init(_ stream: any ByteStream, of server: WebServer) {
        self.stream = stream
        self.server = server
        idleSince = server.clock.now
    }

    func close() { stream.close() }

    func run() async {
        defer { stream.close() }
        while await serveOne() {}
    }

    /// Answers that there are too many connections.
    func turnAway() async {
        phase = .busy
        await refuse(
            APIError(503, "too_many_connections", "This server has too many connections; try another.", retryAfter: 1))
        stream.close()
    }

    /// Serves one request; false when the connection is to be closed.
    private func serveOne() async -> Bool {
        do throws(HTTPError) {
            phase = .idle
            idleSince = server.clock.now
            guard let head = try await nextHead() else { return false }
            phase = .busy
            if let prepared = server.prepared(for: head) { return await send(prepared) }
            return await answer(head)
        } catch {
            phase = .busy
            server.metrics.count("rondo_http_bad_requests_total", "Requests that are not valid HTTP.")
            await refuse(error.answer)
            return false
        }
    }

    /// The next request's head, or nil when the client is gone or waits too long.
    private func nextHead() async throws(HTTPError) -> RequestHead? {
        var deadline = server.clock.now + (parser.isBetweenRequests ? server.limits.idle : server.limits.head)
        while true {
            if case .head(let head) = try parser.next() { return head }
            if server.isDraining && parser.isBetweenRequests { return nil }
            let began = !parser.isBetweenRequests
            do throws(StreamError) {
                let bytes = try await stream.read(atMost: HTTPLimits.headLength, deadline: deadline)
                if bytes.isEmpty { return nil }
                parser.append(bytes)
            } catch {
                if began, error == .timedOut {
                    await refuse(APIError(408, "timeout", "The request's head did not arrive in time."))
                }
                return nil
            }
            if !began { deadline = server.clock.now + server.limits.head }
        }
    }

    /// The next bytes of the request's body, or nil at its end.
    /// - Parameter inviting: whether the client waits for a 100 before it sends.
    func nextBodyBytes(inviting: Bool) async throws(BodyError) -> ArraySlice<UInt8>? {
        var invites = inviting
        while true {
            switch try nextEvent() {
            case .body(let bytes): return bytes
            case .end, .head: return nil
            case nil: break
            }
            do throws(StreamError) {
                if invites {
                    invites = false
                    try await write(MessageWriter.response(status: 100, headers: [:])[...])
                }
                let bytes = try await stream.read(
                    atMost: Self.readLength, deadline: server.clock.now + server.limits.bodyProgress)
                if bytes.isEmpty { throw .closed }
                parser.append(bytes)
            } catch {
                throw error == .timedOut ? .timedOut : .cut
            }
        }
    }

    private func nextEvent() throws(BodyError) -> RequestEvent? {
        do throws(HTTPError) {
            return try parser.next()
        } catch {
            throw .malformed(error)
        }
    }

    /// Writes what the client takes in time.
    func write(_ bytes: ArraySlice<UInt8>) async throws(StreamError) {
        try await write([], then: .bytes(bytes))
    }

    func write(_ head: [UInt8], then piece: StreamPiece) async throws(StreamError) {
        try await stream.write(head, then: piece, pace: pace)
        countSent(head.count + piece.count)
    }

    func waitForRoom() async throws(StreamError) { try await stream.waitUntilWritable(pace: pace) }

    private var pace: SendingPace { SendingPace(piece: Self.readLength, time: server.limits.writeProgress) }

    private func countSent(_ bytes: Int) {
        server.sentBytes.add(Double(bytes))
    }

    private func answer(_ head: RequestHead) async -> Bool {
        let body = RequestBody(of: head, on: self)
        let response = await server.response(to: head, body)
        let keeps = head.keepAlive && !server.isDraining && body.isDrainable(server.limits.drainedBody)
        guard await send(response, to: head, keepAlive: keeps) else { return false }
        if keeps { return await body.drain() }
        await linger()
        return false
    }

    /// Answers what is no valid request; nothing on the connection can be understood after it.
    private func refuse(_ error: APIError) async {
        let head = RequestHead.unreadable
        if await send(.failure(error), to: head, keepAlive: false) { await linger() }
    }

    /// Ends the writing side and reads on for a moment: closing with unread bytes would reset the connection, and the
    /// client might never see the answer (RFC 9112 §9.6).
    private func linger() async {
        stream.finishWriting()
        let deadline = server.clock.now + server.limits.linger
        while let bytes = try? await stream.read(atMost: Self.readLength, deadline: deadline), !bytes.isEmpty {}
    }

    private func send(_ prepared: PreparedAnswer) async -> Bool {
        server.count("GET", prepared.status)
        do throws(StreamError) {
            try await write(prepared.bytes(date: server.date)[...])
            return true
        } catch {
            return false
        }
    }

    /// Sends an answer; false when the connection cannot be used any more.
    private func send(_ response: Response, to head: RequestHead, keepAlive: Bool) async -> Bool {
        let framed = FramedResponse(
            response, to: head, keepAlive: keepAlive, date: server.date)
        server.count(head.method, response.status)
        do throws(StreamError) {
            switch response.body {
            case .bytes(let bytes):
                try await write((framed.head + (framed.hasBody ? bytes : []))[...])
            case .stream(_, let produce), .events(let produce):
                if !framed.hasBody {
                    try await write(framed.head[...])
                } else {
                    if case .events = response.body { phase = .events }
                    return await stream(produce, framed, to: head, keepAlive: keepAlive)
                }
            }
            return framed.keepsAlive
        } catch {
            return false
        }
    }

    private func stream(
        _ produce: BodyProducer, _ framed: FramedResponse, to head: RequestHead, keepAlive: Bool
    ) async -> Bool {
        let writer = ResponseWriter(
            head: framed.head, length: framed.length, isChunked: framed.isChunked, on: self)
        do {
            try await produce(writer)
            try await writer.finish()
            return framed.keepsAlive
        } catch {
            if writer.hasBegun || error is StreamError {
                server.metrics.count("rondo_http_cut_answers_total", "Answers that ended before their end.")
                return false
            }
            let failure = error as? APIError ?? APIError(500, "internal", "The server could not answer.")
            if !(error is APIError) { server.log.error("an answer failed", ["error": String(describing: error)]) }
            return await send(.failure(failure), to: head, keepAlive: keepAlive)
        }
    }
}

extension RequestHead {
    /// Stands for a request that could not be read.
    fileprivate static let unreadable = RequestHead(
        method: "GET", target: "/", minorVersion: 1, headers: [:], framing: .none, keepAlive: false,
        expectsContinue: false)
}
