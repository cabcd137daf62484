internal import FoundationEssentials
internal import Linux
package import Model
package import Platform

/// Hosts of this process's own: network namespaces with addresses from 172.20.0.2 on, each with one cable to a bridge.
///
/// All of it stands in a network of its own that the event loop enters (`NetworkNamespace`): nothing of it is seen
/// outside, and it is gone when the process is, however it ends. The loop itself stands at the bridge as 172.20.0.1,
/// the console, so that clients of this process reach every host, also both sides of a split. One testbed at a time.
@Loop
package final class Testbed {
    /// 172.20.0.1: where this process is.
    nonisolated package static let console = HostAddress(172, 20, 0, 1)
    nonisolated package static let mostHosts = 100
    private static var isOpen = false
    private static let commandLimit = Duration.seconds(30)

    package let hosts: [TestHost]
    /// What is in force.
    package private(set) var wiring = Wiring()
    private let clock = LinuxClock()

    /// Makes hosts number 2 to `count` + 1, wired and empty.
    /// - Parameter count: 1 to 100.
    /// - Throws: `TestbedError`, with what to do, where namespaces are forbidden or a program is missing.
    package static func open(hosts count: Int) async throws(TestbedError) -> Testbed {
        guard (1...mostHosts).contains(count) else { throw TestbedError("a testbed has 1 to \(mostHosts) hosts") }
        guard !isOpen else { throw TestbedError("this process has a testbed already; close it first") }
        do throws(StreamError) {
            try NetworkNamespace.enterNew()
        } catch {
            throw TestbedError(TestbedError.forbidden)
        }
        isOpen = true
        let bed = Testbed(count)
        do throws(TestbedError) {
            try await bed.run("sh", ["-e", "-c", bed.construction])
            try await bed.wire(Wiring())
        } catch {
            isOpen = false
            throw error
        }
        return bed
    }

    private init(_ count: Int) { hosts = (2...count + 1).map(TestHost.init) }

    /// The host with this number, whose address ends in it.
    package func host(_ number: Int) -> TestHost { hosts[number - 2] }

    /// Puts `wiring` in force, all of it in one step.
    package func wire(_ wiring: Wiring) async throws(TestbedError) {
        let rules = wiring.rules(hosts: 2...hosts.count + 1)
        try await run("sh", ["-e", "-c", "nft -f - <<'END'\n\(rules)END\n"])
        self.wiring = wiring
    }

    /// Changes the wiring that is in force.
    package func wire(_ change: (inout Wiring) -> Void) async throws(TestbedError) {
        var wiring = wiring
        change(&wiring)
        try await wire(wiring)
    }

    /// All cables in, nothing lost.
    package func heal() async throws(TestbedError) { try await wire(Wiring()) }

    /// Pulls a host's cable and puts it back, `times` times, and leaves it in.
    package func flap(_ number: Int, times: Int, out: Duration, in plugged: Duration) async throws(TestbedError) {
        for _ in 0..<times {
            try await wire { $0.unplugged.insert(number) }
            await clock.sleep(for: out)
            try await wire { $0.unplugged.remove(number) }
            await clock.sleep(for: plugged)
        }
    }

    /// Kills what still runs on the hosts and removes them.
    package func close() async {
        for host in hosts { await host.killAll() }
        Self.isOpen = false
        let names = hosts.map { "netns delete \($0.name)\n" }.joined()
        // What is left, the kernel removes with this process.
        try? await run("sh", ["-c", "ip -force -batch - <<'END'\n\(names)link delete \(Self.bridge)\nEND\n"])
    }

    private func run(_ program: String, _ arguments: [String]) async throws(TestbedError) {
        let result = try await ProgramRun.run(program, arguments, within: Self.commandLimit)
        guard result.exit == .exited(0) else {
            throw TestbedError("the hosts' network could not be set: \(result.errors)")
        }
    }
}

extension Testbed {
    nonisolated static let bridge = "bridge"

    /// The bridge's end of a host's cable.
    nonisolated static func cable(_ number: Int) -> String { "cable\(number)" }

    /// One that this testbed gives itself (IEEE 802: locally administered), with the address in it.
    nonisolated static func hardwareAddress(of host: HostAddress) -> String {
        let bytes = host.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return (["02", "00"] + bytes).joined(separator: ":")
    }

    /// The shell commands that make the bridge and the hosts. `/run` becomes a disk of this network's own, on which
    /// ip(8) keeps the names of namespaces.
    ///
    /// Everybody knows everybody's hardware address from the start: the kernel has room for 1,024 learnt ones in all
    /// namespaces together (arp(7), `gc_thresh3`), which 32 hosts and the console already exceed.
    private var construction: String {
        var text = """
            mount --make-rprivate /
            mount -t tmpfs -o mode=755 rondo-testbed /run
            ip -batch - <<'END'
            link set lo up
            link add \(Self.bridge) address \(Self.hardwareAddress(of: Self.console)) type bridge
            link set \(Self.bridge) up
            address add \(Self.console)/16 broadcast + dev \(Self.bridge)

            """
        for host in hosts {
            let cable = Self.cable(host.number)
            let hardware = Self.hardwareAddress(of: host.address)
            text += "netns add \(host.name)\n"
            text += "link add \(cable) type veth peer name eth0 address \(hardware) netns \(host.name)\n"
            text += "link set \(cable) master \(Self.bridge) up\n"
            text += "neighbour add \(host.address) lladdr \(hardware) dev \(Self.bridge) nud permanent\n"
        }
        text += "END\n"
        for host in hosts {
            let others = ([Self.console] + hosts.map(\.address)).filter { $0 != host.address }
            let neighbours = others.map {
                "neighbour add \($0) lladdr \(Self.hardwareAddress(of: $0)) dev eth0 nud permanent\n"
            }
            text += """
                ip -n \(host.name) -batch - <<'END'
                address add \(host.address)/16 broadcast + dev eth0
                link set lo up
                link set eth0 up
                \(neighbours.joined())END

                """
        }
        return text
    }
}
