internal import Model
internal import Platform
internal import Wire

/// The first frames on a secured connection: who is at either end, and what the link is for.
@Loop
struct Handshake {
    let stream: any ByteStream
    let deadline: MonotonicTime

    /// The longest hello that is read.
    private static let maximumHello = 64 << 10

    /// The dialling side speaks first.
    /// - Returns: what the other end says, and the parser that holds whatever came after it.
    /// - Throws: `PeerError`: `timedOut` or `closed`.
    func begin(_ hello: Hello) async throws(PeerError) -> (Hello, FrameParser) {
        do {
            try await send(hello, as: .request)
            return try await read()
        } catch StreamError.timedOut {
            throw .timedOut
        } catch {
            throw .closed
        }
    }

    /// The accepting side listens first, and then says who it is, whomever the other one meant.
    /// - Throws: `StreamError`, `FrameError` or `WireJSONError`, where the other end does not introduce itself.
    func answer(as identity: @Loop () -> PeerIdentity) async throws -> (Hello, FrameParser) {
        let (hello, parser) = try await read()
        try await send(Hello(identity: identity(), link: hello.link, meant: hello.identity.life), as: .reply)
        return (hello, parser)
    }

    private func send(_ hello: Hello, as direction: FrameDirection) async throws {
        let frame = Frame(kind: .hello, direction: direction, requestID: 0, header: WireJSON.encode(hello))
        try await stream.write(frame.encodedHead, deadline: deadline)
    }

    private func read() async throws -> (Hello, FrameParser) {
        var parser = FrameParser()
        while true {
            if let frame = try parser.next() {
                guard frame.kind == .hello else { throw StreamError.closed }
                return (try WireJSON.decode(Hello.self, from: frame.header), parser)
            }
            guard parser.missing <= Self.maximumHello else { throw StreamError.closed }
            let bytes = try await stream.read(atMost: 4 << 10, deadline: deadline)
            if bytes.isEmpty { throw StreamError.closed }
            parser.append(bytes)
        }
    }
}
