package import HTTP
package import Model
package import Platform

/// One request and its answer on a connection of its own. Every wait is watched: a Router that stands still is left.
@Loop
package final class HTTPExchange {
    /// The longest pause between two pieces of an answer.
    package static let patience = Duration.seconds(1)
    private static let readLength = 128 << 10

    private let stream: any ByteStream
    private let clock: any Clock
    private var parser: ResponseParser

    private init(_ stream: any ByteStream, clock: any Clock, method: String) {
        self.stream = stream
        self.clock = clock
        parser = ResponseParser(answering: method)
    }

    /// Connects and sends a head.
    package static func open(
        _ router: Endpoint, _ method: String, _ target: String, headers: Headers = [:], world: ClientWorld
    ) async throws(AttemptError) -> HTTPExchange {
        do throws(StreamError) {
            let stream = try await world.network.connect(
                to: router, from: .any, deadline: world.clock.now + Self.patience)
            let exchange = HTTPExchange(stream, clock: world.clock, method: method)
            var headers = headers
            headers["Host"] = router.description
            headers["Connection"] = "close"
            let head = MessageWriter.request(method: method, target: target, headers: headers)
            try await stream.write(head, deadline: world.clock.now + Self.patience)
            return exchange
        } catch {
            throw AttemptError.another(Self.text(error))
        }
    }

    package func close() { stream.close() }

    /// Sends a part of the request's body.
    package func send(_ bytes: ArraySlice<UInt8>, patience: Duration) async throws(AttemptError) {
        do throws(StreamError) {
            try await stream.write(bytes, deadline: clock.now + patience)
        } catch {
            throw AttemptError.another(Self.text(error))
        }
    }

    /// Waits for the answer's head.
    package func head(patience: Duration = HTTPExchange.patience) async throws(AttemptError) -> ResponseHead {
        guard case .head(let head)? = try await event(patience: patience) else {
            throw .another("answered without a head")
        }
        return head
    }

    /// The next piece of the body, or nil at its end.
    package func body(patience: Duration = HTTPExchange.patience) async throws(AttemptError) -> ArraySlice<UInt8>? {
        switch try await event(patience: patience) {
        case .body(let bytes): return bytes
        case .end, nil: return nil
        case .head: throw .another("answered twice")
        }
    }

    /// Everything that is left of the body.
    package func wholeBody(atMost limit: Int, patience: Duration = HTTPExchange.patience) async throws(AttemptError)
        -> [UInt8]
    {
        var whole: [UInt8] = []
        while let piece = try await body(patience: patience) {
            guard whole.count + piece.count <= limit else { throw .another("answered with far too much") }
            whole += piece
        }
        return whole
    }

    /// Waits until the Router says anything at all, as `100 Continue` or an early refusal, or until `patience` ends.
    func waitForAnything(patience: Duration) async throws(AttemptError) {
        do throws(StreamError) {
            parser.append(try await stream.read(atMost: Self.readLength, deadline: clock.now + patience))
        } catch .timedOut {
            return
        } catch {
            throw AttemptError.another(Self.text(error))
        }
    }

    private func event(patience: Duration) async throws(AttemptError) -> ResponseEvent? {
        do {
            while true {
                if let event = try parser.next() { return event }
                let bytes = try await stream.read(atMost: Self.readLength, deadline: clock.now + patience)
                if bytes.isEmpty { return try parser.finish() }
                parser.append(bytes)
            }
        } catch let error as StreamError {
            throw AttemptError.another(Self.text(error))
        } catch {
            throw AttemptError.another("did not speak HTTP to the end")
        }
    }

    static func text(_ error: StreamError) -> String {
        switch error {
        case .closed, .reset: "closed the connection"
        case .refused: "is not there"
        case .timedOut: "stood still"
        case .failed(let number): "could not be reached (error \(number))"
        case .untrusted: "was not trusted"
        }
    }
}
