import Model
import Testbed
import Testing

@testable import Chaos

@testable import rondo

@Suite struct ChaosTests {
    private func settings(_ values: [String: String]) throws(Faults) -> ChaosSettings {
        var invocation = Invocation()
        for (name, text) in values {
            invocation.settings[name] = Invocation.Setting(text: text, origin: "--\(name)")
        }
        return try ChaosSettings.read(invocation)
    }

    @Test func `what is not given is five servers on processes for a minute`() throws {
        let settings = try settings([:])
        #expect(settings.ground == .processes && settings.servers == 5 && settings.seconds == 60)
        #expect(settings.report == "rondo-chaos.html")
    }

    @Test func `docker takes the image that Instructions build, and nonsense is wrong usage`() throws {
        let docker = try settings(["on": "docker"])
        #expect(docker.ground == .docker && docker.image == "rondo")
        let moon = #expect(throws: Faults.self) { try settings(["on": "moon"]) }
        #expect(moon?.exitCode == 2)
    }

    @Test func `the same seed draws the same faults, and another one others`() {
        func faults(_ seed: UInt64) -> [ChaosFault] {
            var plan = ChaosPlan(servers: 5, registries: 2, onHosts: true, seed: seed)
            return (0..<200).map { _ in plan.next() }
        }
        #expect(faults(1) == faults(1))
        #expect(faults(1) != faults(2))
        for fault in faults(3) {
            guard case .split(let sides) = fault.kind else { continue }
            #expect(sides.allSatisfy { !$0.isEmpty } && sides.joined().sorted() == [0, 1, 2, 3, 4], "\(sides)")
        }
        #expect(Set(faults(4).map(\.family)).count == 8)
    }

    @Test func `on an engine's bridge what is cut is cut by addresses, and broadcasts with it`() {
        func rules(_ change: (inout Wiring) -> Void) -> [Substring] {
            var wiring = Wiring()
            change(&wiring)
            let text = wiring.addressRules(subnet: "10.0.0.0/24", hosts: [2, 3, 4]) { HostAddress(10, 0, 0, UInt8($0)) }
            return text.split(separator: "\n").filter { $0.contains("drop") }
        }
        let broadcast = "    ip saddr 10.0.0.0/24 ether daddr ff:ff:ff:ff:ff:ff drop"
        #expect(rules { _ in }.isEmpty)
        #expect(
            rules { $0.groups = [[2]] } == [
                "    ip saddr { 10.0.0.2 } ip daddr { 10.0.0.3, 10.0.0.4 } drop",
                "    ip saddr { 10.0.0.3, 10.0.0.4 } ip daddr { 10.0.0.2 } drop", broadcast[...],
            ])
        #expect(
            rules { $0.deaf = [Wiring.Direction(from: 4, to: 2)] } == [
                "    ip saddr 10.0.0.4 ip daddr 10.0.0.2 drop", broadcast[...],
            ])
        let loss = rules { $0.lossPercent = 7 }
        #expect(loss == ["    ip saddr 10.0.0.0/24 ip daddr 10.0.0.0/24 numgen random mod 100 < 7 drop"])
    }

    @Test func `without hosts nobody touches cables`() {
        var plan = ChaosPlan(servers: 5, registries: 2, onHosts: false, seed: 1)
        let families = Set((0..<200).map { _ in plan.next().family })
        #expect(families == ["kill -9", "SIGSTOP", "restart", "registry killed"])
    }

    @Test func `a gap, and anything that the referee found, fails the command`() {
        var chronicle = ChaosChronicle()
        #expect(ChaosReport.faults(chronicle).isEmpty)
        chronicle.broken = ["copies were not repaired"]
        #expect(ChaosReport.verdict(chronicle).contains("copies were not repaired"))
        chronicle.broken = []
        chronicle.gaps = [ChaosChronicle.Gap(listener: 0, start: .seconds(3), length: .seconds(1), reason: "silence")]
        #expect(ChaosReport.verdict(chronicle).contains("stood still for 1.000 s"))
    }
}
