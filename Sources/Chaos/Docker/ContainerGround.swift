internal import FoundationEssentials
internal import Linux
internal import Model
package import Platform
package import Testbed

/// Containers of one Docker engine, on a network of their own, each with an address of its own.
///
/// All is done by the `docker` command, as a person would do it. The process that hurts the cluster, with its
/// listeners and uploaders, reaches every container by its address, whatever is cut between them; so it runs on the
/// machine of the engine. Whatever stands here is labelled, and removed by `close`.
@Loop
package final class ContainerGround {
    nonisolated static let name = "rondo-chaos"
    nonisolated private static let subnet = "172.29.0.0/24"
    nonisolated private static let firstAddress = HostAddress(172, 29, 0, 2)
    nonisolated private static let commandLimit = Duration.seconds(60)
    nonisolated private static let buildLimit = Duration.seconds(300)

    let image: String
    /// The cluster's key, given to each container in its environment.
    var key = ""
    private(set) var wiring = Wiring()
    private var made: Set<Int> = []
    private var paused: Set<Int> = []

    /// Makes the network and what cuts it.
    /// - Parameters:
    ///   - image: a built image of Rondo.
    ///   - folder: an existing folder for what has to be built.
    /// - Throws: `TestbedError`, with what to do, where there is no engine, no image, or another chaos.
    package static func open(image: String, folder: String) async throws(TestbedError) -> ContainerGround {
        let ground = ContainerGround(image: image)
        try await ground.checkEngine()
        do throws(TestbedError) {
            try await ground.docker(["network", "create", "--subnet", subnet, "--label", name, name])
            try await ground.makeCutter(folder)
            try await ground.wire(Wiring())
        } catch {
            await ground.close()
            throw error
        }
        return ground
    }

    private init(image: String) { self.image = image }

    private func checkEngine() async throws(TestbedError) {
        let engine = try await ask(["version", "--format", "{{.Server.Version}}"])
        guard engine.exit == .exited(0) else {
            throw TestbedError("no Docker engine answers (\(Self.line(engine.errors))); start one, or set DOCKER_HOST")
        }
        guard try await ask(["image", "inspect", image]).exit == .exited(0) else {
            throw TestbedError(
                "there is no image \(image); build it with `docker build -t rondo .`, or name another --image")
        }
        let others = try await docker(["ps", "-aq", "--filter", "label=\(Self.name)"])
        guard others.isEmpty else {
            throw TestbedError(
                "another `rondo chaos` runs on this engine, or was killed; to remove what it left: "
                    + "docker rm -fv $(docker ps -aq --filter label=\(Self.name)); docker network rm \(Self.name)")
        }
        // One that a killed run left has nobody on it.
        _ = try await ask(["network", "rm", Self.name])
    }

    /// A container that may change the engine's own network, with nft(8): the only one with rights.
    private func makeCutter(_ folder: String) async throws(TestbedError) {
        let source = "\(folder)/cutter"
        let text = """
            FROM debian:bookworm-slim
            RUN apt-get update && apt-get install -y --no-install-recommends nftables && rm -rf /var/lib/apt/lists/*

            """
        do {
            try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: source + "/Dockerfile"))
        } catch {
            throw TestbedError("\(source) cannot be written to; give another --home")
        }
        try await docker(["build", "-q", "-t", Self.cutter, source], within: Self.buildLimit)
        try await docker([
            "run", "-d", "--name", Self.cutter, "--label", Self.name, "--network", "host", "--cap-add", "NET_ADMIN",
            Self.cutter, "sleep", "infinity",
        ])
    }

    nonisolated private static let cutter = "\(name)-cutter"

    nonisolated func address(_ index: Int) -> HostAddress { HostAddress(Self.firstAddress.value + UInt32(index)) }
    nonisolated func container(_ index: Int) -> String { "\(Self.name)-\(index)" }

    /// The command that runs a container in the foreground, made the first time, with the same disk and address later.
    func commandLine(_ index: Int, _ arguments: [String]) -> [String] {
        guard made.insert(index).inserted else { return ["start", "--attach", container(index)] }
        return [
            "run", "--name", container(index), "--label", Self.name, "--network", Self.name, "--ip",
            address(index).description, "--no-healthcheck", "--cap-drop", "ALL", "--env", "RONDO_KEY", image,
        ] + arguments
    }

    /// A signal to the process of a container; stopping is the engine's pause where its kernel can freeze.
    func signal(_ signal: Signal, _ index: Int) async {
        let name = container(index)
        if signal == .stop {
            // Freezing fails now and then on old kernels (cgroups v1) while the machine is busy.
            for _ in 0..<freezingTries where await succeeds(["pause", name]) {
                paused.insert(index)
                return
            }
        } else if signal == .proceed, paused.remove(index) != nil {
            await succeeds(["unpause", name])
            return
        }
        await succeeds(["kill", "--signal", String(signal.rawValue), name])
    }

    private let freezingTries = 3

    /// Whether the engine did it; what has ended takes no signal, as elsewhere.
    @discardableResult
    private func succeeds(_ arguments: [String]) async -> Bool {
        (try? await ask(arguments).exit == .exited(0)) ?? false
    }

    /// Puts a wiring in force: cables as connections to the engine's network, the rest as rules of its bridge.
    func wire(_ wanted: Wiring) async throws(TestbedError) {
        for host in wanted.unplugged.subtracting(wiring.unplugged).sorted() {
            try await docker(["network", "disconnect", Self.name, container(host - 2)])
        }
        for host in wiring.unplugged.subtracting(wanted.unplugged).sorted() {
            try await docker([
                "network", "connect", "--ip", address(host - 2).description, Self.name, container(host - 2),
            ])
        }
        let rules = wanted.addressRules(subnet: Self.subnet, hosts: made.map { $0 + 2 }) { self.address($0 - 2) }
        try await docker(["exec", Self.cutter, "sh", "-e", "-c", "nft -f - <<'END'\n\(rules)END\n"])
        wiring = wanted
    }

    /// Kills all processes of the cluster; their containers stay, with their logs.
    func killAll() async {
        for index in paused.sorted() { await signal(.proceed, index) }
        if !made.isEmpty { _ = try? await ask(["kill"] + made.sorted().map(container)) }
    }

    /// Removes everything, with the disks.
    package func close() async {
        await killAll()
        _ = try? await ask(["exec", Self.cutter, "nft", "delete", "table", "bridge", Wiring.engineTable])
        let all = (try? await ask(["ps", "-aq", "--filter", "label=\(Self.name)"]).text) ?? ""
        let ids = all.split(separator: "\n").map(String.init)
        if !ids.isEmpty { _ = try? await ask(["rm", "-f", "-v"] + ids) }
        _ = try? await ask(["network", "rm", Self.name])
    }

    private func ask(
        _ arguments: [String], within limit: Duration = ContainerGround.commandLimit
    ) async throws(TestbedError) -> ProgramRun {
        try await ProgramRun.run("docker", arguments, within: limit)
    }

    /// - Returns: what it printed.
    @discardableResult
    private func docker(
        _ arguments: [String], within limit: Duration = ContainerGround.commandLimit
    ) async throws(TestbedError) -> String {
        let result = try await ask(arguments, within: limit)
        guard result.exit == .exited(0) else {
            throw TestbedError("docker \(arguments.prefix(2).joined(separator: " ")): \(Self.line(result.errors))")
        }
        return result.text
    }

    private static func line(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: ", ")
    }
}

extension Wiring {
    /// The table of the engine's bridge that these rules are in.
    static let engineTable = "rondo_chaos"

    /// The same as for a testbed's cables, for hosts on an engine's bridge that are known by their addresses: what
    /// `nft -f` takes in one step. Broadcasts, which name no receiver, vanish while anything is cut.
    func addressRules(subnet: String, hosts: [Int], address: (Int) -> HostAddress) -> String {
        func set(_ hosts: [Int]) -> String {
            "{ " + hosts.sorted().map { "\(address($0))" }.joined(separator: ", ") + " }"
        }
        var lines: [String] = []
        for group in groups {
            let others = hosts.filter { !group.contains($0) }
            guard !group.isEmpty, !others.isEmpty else { continue }
            lines.append("ip saddr \(set(group)) ip daddr \(set(others)) drop")
            lines.append("ip saddr \(set(others)) ip daddr \(set(group)) drop")
        }
        for way in deaf.sorted() { lines.append("ip saddr \(address(way.from)) ip daddr \(address(way.to)) drop") }
        if !lines.isEmpty { lines.append("ip saddr \(subnet) ether daddr ff:ff:ff:ff:ff:ff drop") }
        if lossPercent > 0 {
            lines.append("ip saddr \(subnet) ip daddr \(subnet) numgen random mod 100 < \(min(100, lossPercent)) drop")
        }
        let table = "table bridge \(Self.engineTable)"
        let rules = ["type filter hook forward priority 0; policy accept;"] + lines
        return "\(table)\ndelete \(table)\n\(table) {\n  chain forward {\n"
            + rules.map { "    \($0)\n" }.joined() + "  }\n}\n"
    }
}
