import Linux
import Model
import Platform
import TestTools
import Testing

@testable import Testbed

/// The hosts themselves, without Rondo on them.
@Suite(.serialized) struct TestbedTests {
    /// The pairs of hosts of which the first one reaches the second one and hears its answer.
    @Loop
    private func talking(_ bed: Testbed) async throws -> Set<[Int]> {
        var found: Set<[Int]> = []
        for from in bed.hosts {
            for to in bed.hosts where to !== from {
                let answer = try await from.run("ping", ["-q", "-c", "1", "-W", "0.3", to.address.description])
                if answer.exit == .exited(0) { found.insert([from.number, to.number]) }
            }
        }
        return found
    }

    private let all: Set = [[2, 3], [3, 2], [2, 4], [4, 2], [3, 4], [4, 3]]

    @Test func `Hosts are cut, split, made deaf one way and healed`() async throws {
        try await withTestbed(hosts: 3) { bed in
            #expect(try await talking(bed) == all)
            try await bed.wire { $0.groups = [[2, 4], [3]] }
            #expect(try await talking(bed) == [[2, 4], [4, 2]])
            try await bed.heal()
            #expect(try await talking(bed) == all)
            try await bed.wire { $0.unplugged = [4] }
            #expect(try await talking(bed) == [[2, 3], [3, 2]])
            try await bed.heal()
            #expect(try await talking(bed) == all)
            try await bed.wire { $0.deaf = [Wiring.Direction(from: 3, to: 2)] }
            #expect(try await talking(bed) == all.subtracting([[2, 3], [3, 2]]))
            try await bed.flap(4, times: 3, out: .milliseconds(50), in: .milliseconds(50))
            #expect(try await talking(bed) == all.subtracting([[2, 3], [3, 2]]))
        }
    }

    /// The kernel has room for 1,024 learnt addresses in all namespaces together, fewer than 33 hosts have neighbours.
    @Test func `Every host knows every other one's hardware address and learns none`() async throws {
        try await withTestbed(hosts: 3) { bed in
            #expect(try await talking(bed) == all)
            for host in bed.hosts {
                let lines = try await host.run("ip", ["neighbour"]).text.split(separator: "\n")
                #expect(lines.count == 3)
                #expect(lines.allSatisfy { $0.contains("PERMANENT") }, "\(lines)")
            }
        }
    }

    @Test func `The console reaches both sides of a split, and no host whose cable is out`() async throws {
        try await withTestbed(hosts: 3) { bed in
            try await bed.wire {
                $0.groups = [[2], [3]]
                $0.unplugged = [4]
            }
            let network = LinuxNetwork()
            for host in bed.hosts {
                // An open door and a closed one are both an answer.
                let error = await failure {
                    let limit = deadline(.seconds(2))
                    try await network.connect(to: Endpoint(host.address, 8080), from: .any, deadline: limit).close()
                }
                #expect((error as? StreamError == .refused) == (host.number != 4), "host \(host.number)")
            }
        }
    }

    @Test func `A program on a host is stopped, goes on, and is killed by its own number`() async throws {
        try await withTestbed(hosts: 1) { bed in
            let program = try bed.host(2).start("sleep", ["60"])
            program.send(.stop)
            let state = ["-o", "stat=,comm=", "-p", String(program.processID)]
            #expect(await becomes { ((try? await bed.host(2).run("ps", state))?.text ?? "").hasPrefix("T") })
            program.send(.proceed)
            #expect(await becomes { ((try? await bed.host(2).run("ps", state))?.text ?? "").hasPrefix("S") })
            #expect(try await bed.host(2).run("ps", state).text.contains("sleep"))
            program.send(.kill)
            #expect(await program.wait(until: soon) == .killed(signal: Signal.kill.rawValue))
        }
    }

    @Test func `Loss takes as many packets as it says`() async throws {
        try await withTestbed(hosts: 2) { bed in
            try await bed.wire { $0.lossPercent = 30 }
            let arguments = ["-q", "-c", "400", "-i", "0.002", "-W", "1", "172.20.0.3"]
            let text = try await bed.host(2).run("ping", arguments).text
            let received = text.firstMatch(of: #/(\d+) received/#).flatMap { Int($0.1) } ?? 0
            // Question and answer have to arrive: 49 of 100.
            #expect((140...250).contains(received), "\(text)")
        }
    }

    @Test func `A testbed that is closed leaves nothing, and the next one begins anew`() async throws {
        for hosts in [3, 2] {
            try await withTestbed(hosts: hosts) { bed in
                let links = try await ProgramRun.run("ip", ["-o", "link"], within: .seconds(5)).text
                #expect(links.matches(of: #/cable/#).count == hosts, "\(links)")
                await #expect(throws: TestbedError.self) { try await Testbed.open(hosts: 1) }
            }
        }
    }

    @Test func `What stands on the cables is one script`() {
        var wiring = Wiring()
        #expect(!wiring.rules(hosts: 2...4).contains("drop"))
        wiring.groups = [[3]]
        wiring.lossPercent = 30
        let rules = wiring.rules(hosts: 2...4)
        #expect(rules.contains(#"iifname { "cable3" } oifname { "cable2", "cable4" } drop"#))
        #expect(rules.contains(#"iifname { "cable2", "cable4" } oifname { "cable3" } drop"#))
        #expect(rules.contains("numgen random mod 100 < 30 drop"))
    }
}

/// Makes hosts, runs `body`, and removes them whatever came of it.
func withTestbed(hosts: Int, _ body: @escaping @Loop @Sendable (Testbed) async throws -> Void) async throws {
    try await onLoop {
        let bed = try await Testbed.open(hosts: hosts)
        do {
            try await body(bed)
        } catch {
            await bed.close()
            throw error
        }
        await bed.close()
    }
}
