import HTTP
import Linux
import Model
import Platform

/// One connection of a listener, over which requests go one after the other.
@Loop
final class Listener {
    private let stream: any ByteStream
    private let clock: LinuxClock
    private static let network = LinuxNetwork(maximumStreams: 30_000)
    private static let patience = Duration.seconds(30)

    init(_ endpoint: Endpoint, clock: LinuxClock) async throws {
        stream = try await Self.network.connect(to: endpoint, from: .any, deadline: clock.now + Self.patience)
        self.clock = clock
    }

    func close() { stream.close() }

    /// The whole body of an answer.
    static func get(_ target: String, at endpoint: Endpoint, clock: LinuxClock) async throws -> [UInt8] {
        let listener = try await Listener(endpoint, clock: clock)
        defer { listener.close() }
        return try await listener.get(target)
    }

    func get(_ target: String, range: Range<Int>? = nil) async throws -> [UInt8] {
        var body: [UInt8] = []
        try await get(target, range: range) { body += $0 }
        return body
    }

    /// Hands over a body's bytes as they come; `take` may hold up the reading by not returning.
    /// - Throws: `Failure` for an answer that is neither 200 nor 206, and `StreamError`.
    func get(
        _ target: String, range: Range<Int>? = nil, atMost maximum: Int = 1 << 16,
        _ take: @Loop (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        var headers: Headers = ["Host": "server"]
        if let range { headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)" }
        let head = MessageWriter.request(method: "GET", target: target, headers: headers)
        try await stream.write(head, deadline: clock.now + Self.patience)
        var parser = ResponseParser(answering: "GET")
        while true {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    guard head.status == 200 || head.status == 206 else {
                        throw Failure("\(head.status) for \(target)")
                    }
                case .body(let bytes): try await take(bytes)
                case .end: return
                }
            }
            let bytes = try await stream.read(atMost: maximum, deadline: clock.now + Self.patience)
            if bytes.isEmpty { throw StreamError.closed }
            parser.append(bytes)
        }
    }
}
