import Crypto
import Foundation
import Linux
import Model
import Platform
import Testbed

/// Real servers of Rondo on the hosts of a testbed, two registries among them, and everything that they say.
@Loop
final class RondoCluster {
    let bed: Testbed
    let servers: [BenchServer]
    let registries: [BenchServer]
    let watches: [RegistryWatch]
    let clock: LinuxClock
    /// Read whenever the servers' logs are.
    var alsoRead: @Loop () -> Void = {}

    static let registryCount = 2
    private static let pollInterval = Duration.milliseconds(20)
    /// What is true for so long is taken to stay so.
    private static let hold = Duration.milliseconds(500)

    /// - Parameter count: how many ring servers, on the hosts behind those of the registries.
    init(_ count: Int, on bed: Testbed, folder: String, program: String, clock: LinuxClock) throws {
        self.bed = bed
        self.clock = clock
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try (ClusterKey().text + "\n").write(toFile: folder + "/key", atomically: true, encoding: .utf8)
        let hosts = bed.hosts.prefix(Self.registryCount + count)
        let addresses = hosts.prefix(Self.registryCount).map(\.address)
        registries = hosts.prefix(Self.registryCount).map {
            BenchServer($0, type: "registry", registries: addresses, folder: folder, program: program)
        }
        servers = hosts.dropFirst(Self.registryCount).map {
            BenchServer($0, type: "auto", registries: addresses, folder: folder, program: program)
        }
        watches = addresses.map { RegistryWatch($0, among: addresses, clock: clock) }
    }

    var now: WallTime { WallTime(microseconds: clock.wallMicroseconds) }

    /// Those that run and are neither stopped nor cut off.
    var there: [BenchServer] { servers.filter(\.isThere) }

    func startRegistries() async throws {
        for registry in registries { try registry.start() }
        for watch in watches { try watch.start(LinuxNetwork()) }
        try await until("registry", within: .seconds(10)) { $0.registries.allSatisfy { !$0.life.isEmpty } }
    }

    func read() {
        for server in registries + servers { server.read() }
        alsoRead()
    }

    /// Reads all logs until `holds`.
    /// - Throws: `NotInTime`, with what the servers say instead.
    @discardableResult
    func until(
        _ what: String, within limit: Duration, _ holds: @Loop (RondoCluster) -> Bool
    ) async throws(NotInTime) -> Duration {
        let begin = clock.now
        while true {
            read()
            if holds(self) { return clock.now - begin }
            if clock.now - begin > limit { throw NotInTime(what: what, limit: limit, state: state) }
            await clock.sleep(for: Self.pollInterval)
        }
    }

    /// Waits until those that are there are one ring, with equal rosters, and all registries list just them.
    /// - Returns: when it became so, at `start` or later, to stay.
    func whole(
        since start: WallTime, within limit: Duration, roles: RoleCounts? = nil, hold: Duration = hold
    ) async throws(NotInTime) -> WallTime {
        var found: WallTime?
        try await until("one ring of \(there.count)", within: limit) { cluster in
            found = cluster.becameWhole(since: start, roles: roles, hold: hold)
            guard let found else { return false }
            return cluster.now - found >= hold
        }
        return found ?? start
    }

    private enum State {
        case server(ServerHistory.View)
        case registry(RegistryWatch.Listed)
    }

    private func becameWhole(since start: WallTime, roles: RoleCounts?, hold: Duration) -> WallTime? {
        let present = there
        let lives = present.map(\.life)
        let addresses = Set(present.map(\.address))
        let sources =
            present.map { server in
                Timeline.tail(server.history.views, from: start).map {
                    Change(time: $0.time, state: State.server($0.state))
                }
            }
            + watches.map { watch in
                Timeline.tail(watch.states, from: start).map {
                    Change(time: $0.time, state: State.registry($0.state))
                }
            }
        return Timeline.first(sources, from: start, hold: hold) { states in
            var views: [(life: String, view: ServerHistory.View)] = []
            for (place, state) in states.enumerated() {
                switch state {
                case .server(let view): views.append((lives[place], view))
                case .registry(let listed):
                    if listed.servers != addresses { return false }
                    if let roles, listed.data.count != roles.data { return false }
                case nil: return false
                }
            }
            if let roles, let view = views.first?.view, view.data != roles.data || view.router != roles.router {
                return false
            }
            return ServerHistory.View.areOneRing(views)
        }
    }

    /// What everyone says, for a person who wants to know why it was not in time.
    private var state: String {
        let views = servers.map { server in
            let view = server.history.view
            return "  \(server.address) \(server.life) \(server.isThere ? "" : "away ")members \(view.members) "
                + "\(view.data):\(view.router) digest \(view.digest) before \(view.predecessor) after \(view.successor)"
        }
        return (views + watches.map { "  registry lists \($0.listed.servers.count)" }).joined(separator: "\n")
    }

    func stop() async {
        for watch in watches { watch.stop() }
        for server in servers + registries { server.send(.kill) }
        for server in servers + registries { await server.ended(by: clock.now + .seconds(5)) }
    }
}

/// What was waited for did not come.
struct NotInTime: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let state: String

    var description: String { "no \(what) within \(limit):\n\(state)" }
}
