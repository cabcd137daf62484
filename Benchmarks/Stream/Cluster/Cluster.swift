import Crypto
import Foundation
import HTTP
import Linux
import Model
import Platform

/// A registry and servers of Rondo on loopback addresses, pinned to their roles.
@Loop
final class Cluster {
    /// One server and where it is.
    @Loop
    final class Server {
        let address: HostAddress
        let home: String
        fileprivate(set) var process: ChildProcess
        var processID: Int32 { process.processID }
        var http: Endpoint { Endpoint(address, 8080) }

        fileprivate init(_ address: HostAddress, home: String, process: ChildProcess) {
            self.address = address
            self.home = home
            self.process = process
        }
    }

    let folder: String
    private(set) var data: [Server] = []
    private(set) var router: Server
    private let registry: Server
    private let program: String
    private let replicas: Int
    private let cores: (router: Cores, data: Cores)
    private let clock = LinuxClock()

    private static let patience = Duration.seconds(60)
    private static var counter: UInt8 = 0

    /// - Parameter cores: of the Router and of the Data servers.
    init(
        data count: Int, replicas: Int, cores: (router: Cores, data: Cores) = (.both, .both), _ options: Options,
        folder: String
    ) async throws {
        Self.counter += 1
        self.folder = "\(folder)/cluster-\(Self.counter)"
        program = options.program
        self.replicas = replicas
        self.cores = cores
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        let key = self.folder + "/key"
        try (ClusterKey().text + "\n").write(toFile: key, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        let number = Self.counter
        let (program, folder) = (program, self.folder)
        func server(_ type: String, _ host: UInt8, _ cores: Cores) throws -> Server {
            let address = HostAddress(127, 0, 80 + number, host)
            let arguments = Self.arguments(type, address, HostAddress(127, 0, 80 + number, 1), folder, replicas)
            let process = try Command.start(program, arguments, on: cores, log: "\(folder)/\(host).log")
            return Server(address, home: "\(folder)/\(host)", process: process)
        }
        registry = try server("registry", 1, .second)
        router = try server("router", 2, cores.router)
        for index in 0..<count { data.append(try server("data", UInt8(3 + index), cores.data)) }
        try await untilReady(data.count + 1)
    }

    private static func arguments(
        _ type: String, _ address: HostAddress, _ registry: HostAddress, _ folder: String, _ replicas: Int
    ) -> [String] {
        let host = address.description.split(separator: ".").last ?? ""
        return [
            "server", type, address.description, registry.description, "--home", "\(folder)/\(host)", "--key-file",
            "\(folder)/key", "--discovery", "0", "--replicas", String(replicas), "--pin",
        ]
    }

    /// What a cluster says of itself.
    struct Status: Decodable {
        struct Member: Decodable { let state: String }
        struct Replication: Decodable { let under: Int, lost: Int }
        let members: [Member]
        let replication: Replication
        var alive: Int { members.filter { $0.state == "alive" }.count }
    }

    func status() async throws -> Status {
        let connection = try await Listener(router.http, clock: clock)
        defer { connection.close() }
        return try JSONDecoder().decode(Status.self, from: Data(try await connection.get("/api/v1/cluster")))
    }

    /// Waits until the Router serves and sees so many servers alive, and nothing lacks copies.
    func untilReady(_ servers: Int) async throws {
        let limit = clock.now + Self.patience
        var calm = 0
        while clock.now < limit {
            if let status = try? await status(), status.alive == servers, status.replication.under == 0,
                (try? await Listener.get("/readyz", at: router.http, clock: clock)) != nil
            {
                calm += 1
                if calm == 10 { return }
            } else {
                calm = 0
            }
            await clock.sleep(for: .milliseconds(50))
        }
        throw Failure("the cluster in \(folder) was not ready within \(Self.patience)")
    }

    /// Uploads files and folders as a person does.
    func upload(_ paths: [String]) async throws {
        let registry = HostAddress(127, 0, 80 + Self.counter, 1).description
        try await Command.run(
            program, ["client", registry, "--cache-size", "0", "--discovery", "0", "upload"] + paths, on: .both)
    }

    /// Starts a Data server again that has ended.
    func restart(_ server: Server) throws {
        let registry = registry.address
        server.process = try Command.start(
            program, Self.arguments("data", server.address, registry, folder, replicas), on: cores.data,
            log: "\(server.home).log")
    }

    /// The songs that the Router lists.
    func songs() async throws -> [Song] {
        let connection = try await Listener(router.http, clock: clock)
        defer { connection.close() }
        let body = try await connection.get("/api/v1/songs?limit=500")
        return try JSONDecoder().decode(Song.List.self, from: Data(body)).songs
    }

    /// All at once: nobody is to repair what the others leave.
    func stop() async {
        for server in data + [router, registry] { server.process.send(.kill) }
        for server in data + [router, registry] { _ = await server.process.wait(until: clock.now + .seconds(5)) }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

extension Cluster.Server {
    func send(_ signal: Signal) { process.send(signal) }

    func ended() async { _ = await process.wait(until: LinuxClock().now + .seconds(10)) }
}

/// A song of the cluster, as its API shows it.
struct Song: Decodable, Sendable {
    struct List: Decodable { let songs: [Song] }
    let id: String
    let sha256: String
    let bytes: Int
    var audio: String { "/api/v1/songs/\(id)/audio" }
}
