import Chaos
import Model
import Testing

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

    @Test func `docker is refused with a sentence, and nonsense as wrong usage`() throws {
        let docker = #expect(throws: Faults.self) { try settings(["on": "docker"]) }
        #expect(docker?.exitCode == 1)
        #expect(docker?.all.first?.message.contains("not built yet") == true)
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
