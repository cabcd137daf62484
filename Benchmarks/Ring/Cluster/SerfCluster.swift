import Linux
import Model
import Platform
import Testbed

/// One Serf agent, with what its log says.
@Loop
final class SerfAgent {
    let host: TestHost
    let name: String
    private(set) var history = SerfHistory()
    private var process: ChildProcess?
    private let arguments: [String]
    private let log: String
    private let tail: LogTail
    var isAway = false

    init(_ host: TestHost, joins first: HostAddress, folder: String) {
        self.host = host
        name = "host\(host.number)"
        log = folder + "/serf-\(host.number).log"
        tail = LogTail(log)
        arguments = [
            "agent", "-node=\(name)", "-bind=\(host.address):7946", "-rpc-addr=127.0.0.1:7373", "-profile=lan",
            "-retry-join=\(first)", "-retry-interval=1s", "-log-level=info",
        ]
    }

    var isThere: Bool { process.map { $0.exit == nil } ?? false && !isAway }

    func start() throws(TestbedError) { process = try host.start("serf", arguments, log: log) }
    func send(_ signal: Signal) { process?.send(signal) }
    func ended(by deadline: MonotonicTime) async { _ = await process?.wait(until: deadline) }
    func read(at time: WallTime) { for line in tail.read() { history.take(line, at: time) } }
}

/// Debian's Serf on the same hosts as the servers of Rondo, with its own settings for a local network.
@Loop
final class SerfCluster {
    let agents: [SerfAgent]
    /// What is true for so long is taken to stay so.
    private static let hold = Duration.seconds(1)
    private let clock: LinuxClock

    init(_ hosts: [TestHost], folder: String, clock: LinuxClock) {
        self.clock = clock
        let first = hosts.first?.address ?? .any
        agents = hosts.map { SerfAgent($0, joins: first, folder: folder) }
    }

    var there: [SerfAgent] { agents.filter(\.isThere) }

    func read() {
        let time = WallTime(microseconds: clock.wallMicroseconds)
        for agent in agents { agent.read(at: time) }
    }

    /// When all that are there came to know each other and nobody else, at `start` or later; nil while they do not.
    func becameWhole(since start: WallTime) -> WallTime? {
        let present = there
        let names = Set(present.map(\.name))
        let sources = present.map { Timeline.tail($0.history.states, from: start) }
        let found = Timeline.first(sources, from: start, hold: Self.hold) { $0.allSatisfy { $0 == names } }
        // Agents that were just started have not said so yet: until then their last life speaks.
        guard let found, WallTime(microseconds: clock.wallMicroseconds) - found >= Self.hold else { return nil }
        return found
    }

    /// When each of those that are there called `name` failed; nil while one has not.
    func failureKnown(_ name: String, since start: WallTime) -> [WallTime]? {
        let times = there.compactMap { $0.history.failed[name] }.filter { $0 >= start }
        return times.count == there.count ? times : nil
    }

    func stop() async {
        for agent in agents { agent.send(.kill) }
        for agent in agents { await agent.ended(by: clock.now + .seconds(5)) }
    }
}
