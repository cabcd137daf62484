import FoundationEssentials
import HTTP
import Linux
import Model
import Platform
import RouterServer
import SQLiteStore
import Testing
import WebServer

/// Runs `body` on the event loop, as a server's task does, and hands its error on.
func onLoop(_ body: @escaping @Loop @Sendable () async throws -> Void) async throws {
    EventLoop.install()
    let outcome = Outcome()
    await Loop.spawn("test") {
        do { try await body() } catch { outcome.error = error }
    }.value
    if let error = await outcome.error { throw error }
}

@Loop
private final class Outcome {
    var error: (any Error)?
    nonisolated init() {}
}

/// The API on a free port of the loopback address, over a real catalogue database and songs in memory.
@Loop
final class TestServer {
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let library = TestLibrary()
    let uploads: TestUploads
    let cluster: TestCluster
    let metadata: SQLiteStore
    let server: WebServer
    let endpoint: Endpoint
    private let folder: String

    init(_ songs: [TestSong] = [], settings: WebAPI.Settings = WebAPI.Settings()) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/rondo-api-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let pool = BlockingPool(name: "catalogue", threads: 1)
        let store = try await SQLiteStore.open(
            path: folder + "/catalogue.db", server: ServerID(1), writing: pool, reading: pool)
        for song in songs {
            _ = try await store.change(song.entry.id) { _ in song.entry }
            library.add(song)
        }
        metadata = store
        uploads = TestUploads(clock: clock)
        cluster = TestCluster(clock: clock)
        let api = WebAPI(
            metadata: store, source: library, uploads: uploads, cluster: cluster, clock: clock, log: .none,
            settings: settings)
        server = WebServer(
            network: network, clock: clock, metrics: Metrics(), log: .none,
            isMemberOrigin: { api.isMemberOrigin($0) }, handler: { await api.answer($0, $1) })
        endpoint = try server.listen(on: Endpoint(.loopback, 0))
    }

    var soon: MonotonicTime { clock.now + .seconds(20) }

    func connect() async throws -> TestConnection {
        TestConnection(try await network.connect(to: endpoint, from: .any, deadline: soon), deadline: soon)
    }

    /// Sends a request on a connection of its own and reads the answer.
    func request(
        _ method: String, _ target: String, headers: Headers = [:], body: [UInt8] = []
    ) async throws -> Answer {
        let connection = try await connect()
        defer { connection.close() }
        try await connection.send(method, target, headers: headers, body: body)
        return try await connection.answer(to: method)
    }

    func get(_ target: String, _ headers: Headers = [:]) async throws -> Answer {
        try await request("GET", target, headers: headers)
    }

    func stop() async throws {
        await server.drain(until: clock.now)
        try FileManager.default.removeItem(atPath: folder)
    }
}

struct Answer: Sendable {
    var status: Int
    var headers: Headers
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
}

@Loop
final class TestConnection {
    let stream: any ByteStream
    let deadline: MonotonicTime

    init(_ stream: any ByteStream, deadline: MonotonicTime) {
        self.stream = stream
        self.deadline = deadline
    }

    func close() { stream.close() }
    func send(_ text: String) async throws { try await stream.write(Array(text.utf8), deadline: deadline) }

    func send(_ method: String, _ target: String, headers: Headers = [:], body: [UInt8] = []) async throws {
        var headers = headers
        headers["Host"] = headers["Host"] ?? "server:80"
        if !body.isEmpty, headers["Transfer-Encoding"] == nil { headers["Content-Length"] = String(body.count) }
        let head = MessageWriter.request(method: method, target: target, headers: headers)
        try await stream.write(head + body, deadline: deadline)
    }

    func read(exactly count: Int) async throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = try await stream.read(atMost: count - all.count, deadline: deadline)
            if bytes.isEmpty { throw HTTPError.truncated }
            all += bytes
        }
        return all
    }

    /// Reads until `text` has come.
    func read(until text: String) async throws {
        var all: [UInt8] = []
        while !String(decoding: all, as: UTF8.self).contains(text) {
            let bytes = try await stream.read(atMost: 1 << 16, deadline: deadline)
            if bytes.isEmpty { throw HTTPError.truncated }
            all += bytes
        }
    }

    /// Reads a head and not one byte more.
    func readHead() async throws -> ResponseHead {
        var parser = ResponseParser(answering: "GET")
        while true {
            if case .head(let head) = try parser.next() { return head }
            parser.append(try await read(exactly: 1))
        }
    }

    /// Reads the only answer that is under way.
    func answer(to method: String = "GET") async throws -> Answer {
        var parser = ResponseParser(answering: method)
        var answer = Answer(status: 0, headers: [:], body: [])
        while true {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    answer.status = head.status
                    answer.headers = head.headers
                case .body(let bytes): answer.body += bytes
                case .end: return answer
                }
            }
            let atMost = answer.status == 0 ? 1 : 1 << 16
            let bytes = try await stream.read(atMost: atMost, deadline: deadline)
            if bytes.isEmpty {
                _ = try parser.finish()
                return answer
            }
            parser.append(bytes)
        }
    }

    /// Everything until the server closes.
    func readToEnd() async throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try await stream.read(atMost: 1 << 16, deadline: deadline)
            if bytes.isEmpty { return all }
            all += bytes
        }
    }
}

/// The error that `body` throws.
@Loop
func failure(_ body: @Loop () async throws -> Void) async -> (any Error)? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}
