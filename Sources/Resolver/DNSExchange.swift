internal import Model
internal import Platform
internal import Registry

/// Asks one server one question.
@Loop
final class DNSExchange {
    private let clock: any Clock
    private let network: any Network
    private let source: HostAddress

    init(clock: any Clock, network: any Network, source: HostAddress) {
        self.clock = clock
        self.network = network
        self.source = source
    }

    /// The answer over UDP within `limit`, or over TCP within `deadline` if it is too long; nil when there is none.
    func ask(
        _ server: Endpoint, _ query: DNSQuery, limit: MonotonicTime, deadline: MonotonicTime
    ) async -> DNSAnswer? {
        guard let answer = await overUDP(server, query, limit) else { return nil }
        guard answer.isTruncated else { return answer }
        return await overTCP(server, query, deadline)
    }

    private func overUDP(_ server: Endpoint, _ query: DNSQuery, _ limit: MonotonicTime) async -> DNSAnswer? {
        let wait = AnswerWait(server, query)
        do throws(StreamError) {
            // A socket for each question: its port is one more thing that a forger has to guess.
            let socket = try network.openDatagrams(on: Endpoint(source, 0)) { bytes, sender in
                wait.received(bytes, from: sender)
            }
            socket.send(query.bytes, to: server)
            let timer = clock.schedule(at: limit) { wait.finish(nil) }
            let answer = await wait.answer()
            timer.cancel()
            socket.close()
            return answer
        } catch {
            // No socket to be had is no answer: the caller tries elsewhere, or again.
            return nil
        }
    }

    private func overTCP(_ server: Endpoint, _ query: DNSQuery, _ deadline: MonotonicTime) async -> DNSAnswer? {
        do throws(StreamError) {
            let stream = try await network.connect(to: server, from: source, deadline: deadline)
            defer { stream.close() }
            guard let framed = DNSFrames.framed(query.bytes) else { return nil }
            try await stream.write(framed, deadline: deadline)
            var frames = DNSFrames()
            while true {
                if let message = frames.next() { return Self.read(message, query) }
                let bytes = try await stream.read(atMost: 16_384, deadline: deadline)
                if bytes.isEmpty { return nil }
                frames.append(bytes)
            }
        } catch {
            // The same: nobody answered here.
            return nil
        }
    }

    static func read(_ bytes: [UInt8], _ query: DNSQuery) -> DNSAnswer? {
        do throws(DNSError) {
            return try query.answer(parsing: bytes)
        } catch {
            // Garbage, or somebody else's answer: as if it had not come.
            return nil
        }
    }
}

/// Waits for the one datagram that answers a query; others are passed over.
@Loop
private final class AnswerWait {
    private let server: Endpoint
    private let query: DNSQuery
    private var continuation: CheckedContinuation<DNSAnswer?, Never>?
    private var result: DNSAnswer??

    init(_ server: Endpoint, _ query: DNSQuery) {
        self.server = server
        self.query = query
    }

    func received(_ bytes: [UInt8], from sender: Endpoint) {
        guard sender == server, let answer = DNSExchange.read(bytes, query) else { return }
        finish(answer)
    }

    /// Only the first call counts.
    func finish(_ answer: DNSAnswer?) {
        guard result == nil else { return }
        result = .some(answer)
        continuation?.resume(returning: answer)
        continuation = nil
    }

    func answer() async -> DNSAnswer? {
        if let result { return result }
        return await withCheckedContinuation { continuation = $0 }
    }
}
