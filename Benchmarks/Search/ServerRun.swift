import Crypto
import Foundation
import HTTP
import Linux
import Model
import Platform

/// The same questions over HTTP to a server process of its own, and how much memory that takes.
@Loop
struct ServerRun {
    private let clock = LinuxClock()
    private let process: ChildProcess
    private let endpoint: Endpoint

    /// How long a server of a million songs may take to be ready.
    private static let patience = Duration.seconds(60)

    /// A registry, without which no server is ready, and the key of its cluster.
    @Loop
    struct Registry {
        fileprivate static let address = HostAddress(127, 0, 77, 100)
        fileprivate let key: String
        private let process: ChildProcess

        /// - Parameter folder: where the key is put.
        init(_ options: Options, in folder: String) throws {
            key = folder + "/key"
            try (ClusterKey().text + "\n").write(toFile: key, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
            process = try ServerRun.start(options, "registry", Self.address, folder + "-registry", key: key)
        }

        func stop() async {
            process.send(.terminate)
            _ = await process.waitOrKill(at: LinuxClock().now + .seconds(5))
        }
    }

    /// Starts a server on a home that is not in use.
    /// - Parameter number: from 1 on, one of its own for each of a cluster.
    init(_ options: Options, home: String, number: UInt8 = 1, in registry: Registry) throws {
        let address = HostAddress(127, 0, 77, number)
        process = try Self.start(options, "router", address, home, key: registry.key)
        endpoint = Endpoint(address, 8080)
    }

    private static func start(
        _ options: Options, _ type: String, _ address: HostAddress, _ home: String, key: String
    ) throws -> ChildProcess {
        let registry = Registry.address.description
        var child = ChildSpecification(
            options.program,
            ["server", type, address.description, registry, "--home", home, "--key-file", key, "--discovery", "0"])
        child.output = .appended(to: home + ".log")
        child.error = .appended(to: home + ".log")
        return try ChildProcess(child)
    }

    var memory: (now: Int, peak: Int) { Machine.memory(of: process.processID) }

    /// Waits until it serves.
    /// - Returns: how long that took, in seconds.
    func untilReady() async throws -> Double {
        let began = ContinuousClock.now
        while ContinuousClock.now - began < Self.patience {
            if let connection = try? await connect(), let status = try? await connection.get("/readyz").status,
                status == 200
            {
                connection.close()
                return StoreRun.seconds(since: began)
            }
            await clock.sleep(for: .milliseconds(20))
        }
        throw Failure(description: "the server was not ready within \(Self.patience)")
    }

    func time(_ kinds: [QuestionKind]) async throws -> [Figure] {
        let connection = try await connect()
        defer { connection.close() }
        var figures: [Figure] = []
        for kind in kinds {
            var figure = Figure(kind.name)
            for question in kind.questions.prefix(5) { _ = try await connection.get(question.target) }
            for question in kind.questions {
                let began = ContinuousClock.now
                let status = try await connection.get(question.target).status
                figure.times.append(StoreRun.seconds(since: began))
                guard status == 200 else { throw Failure(description: "\(status) for \(question.target)") }
            }
            figures.append(figure)
        }
        return figures
    }

    func stop() async {
        process.send(.terminate)
        _ = await process.waitOrKill(at: clock.now + .seconds(40))
    }

    /// How many songs are in its catalogue, whatever its role; nil where it does not answer.
    func songs() async -> Int? {
        guard let connection = try? await connect() else { return nil }
        defer { connection.close() }
        guard let body = try? await connection.get("/api/v1/cluster").body else { return nil }
        let status = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return status?["songs"] as? Int
    }

    private func connect() async throws -> ServerConnection {
        let deadline = clock.now + .seconds(5)
        return ServerConnection(
            stream: try await LinuxNetwork().connect(to: endpoint, from: .any, deadline: deadline), clock: clock)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}

/// One connection that requests go over one after the other, as a browser's do.
@Loop
private struct ServerConnection {
    let stream: any ByteStream
    let clock: LinuxClock

    func close() { stream.close() }

    /// The status and the body, once all of the answer is there.
    func get(_ target: String) async throws -> (status: Int, body: [UInt8]) {
        let deadline = clock.now + .seconds(30)
        let head = MessageWriter.request(method: "GET", target: target, headers: ["Host": "server"])
        try await stream.write(head, deadline: deadline)
        var parser = ResponseParser(answering: "GET")
        var status = 0
        var body: [UInt8] = []
        while true {
            while let event = try parser.next() {
                switch event {
                case .head(let head): status = head.status
                case .body(let bytes): body += bytes
                case .end: return (status, body)
                }
            }
            let bytes = try await stream.read(atMost: 1 << 16, deadline: deadline)
            if bytes.isEmpty { throw StreamError.closed }
            parser.append(bytes)
        }
    }
}

extension Question {
    /// As the API is asked.
    fileprivate var target: String {
        switch self {
        case .songs(let query):
            let items = [
                ("q", query.words), ("title", query.title), ("artist", query.artist), ("album", query.album),
                ("genre", query.genre), ("sha256", query.sha256?.description), ("sort", query.order.rawValue),
                ("limit", String(query.limit)), ("cursor", query.cursor),
            ]
            let pairs = items.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }
            return "/api/v1/songs?" + pairs.joined(separator: "&")
        case .groups(let kind, let cursor):
            let path = "/api/v1/\(kind)s"
            return cursor.map { "\(path)?cursor=\(Self.encoded($0))" } ?? path
        }
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.intersection(.init(charactersIn: "!"..."~")))
            ?? ""
    }
}
