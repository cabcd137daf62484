import Chaos
import Foundation
import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// One address for listeners, held by one Router after the other.
@Suite(.serialized) struct FloatingAddressTests {
    private static let address = "172.20.0.100"

    @Test func `The address moves when its holder is killed, stopped or cut off, and one Router has it afterwards`()
        async throws
    {
        try await withHostCluster(environment: ["RONDO_VIRTUAL_IP": Self.address + "/16"]) { cluster, bed in
            let holder: @Loop () async throws -> ChaosServer = { try await Self.onlyHolder(cluster, bed) }
            var listener = try Listening(bed.host(2), Self.address)
            let killed = try await holder()
            await killed.kill()
            _ = try await holder()
            try killed.start()
            try await cluster.ready()
            try await cluster.expectOne(within: .seconds(10))
            #expect(try await listener.longestGap() <= .seconds(1), "after a kill")

            listener = try Listening(bed.host(2), Self.address)
            let stopped = try await holder()
            await stopped.pause()
            try await cluster.expectGone(stopped, within: .seconds(5))
            let next = try await holder()
            #expect(next !== stopped)
            await stopped.proceed()
            try await cluster.expectOne(within: .seconds(10))
            let later = try await holder()
            #expect(later === next)
            #expect(try await listener.longestGap() <= .milliseconds(2_500), "after a stop")

            listener = try Listening(bed.host(2), Self.address)
            let cut = try await holder()
            try await bed.wire { $0.unplugged = [cut.index + 2] }
            let (after, _) = await cluster.settles(within: .seconds(1)) {
                await Self.has(cut, bed) ? "it still has the address" : nil
            }
            #expect(after != nil, "the one that is cut off gives the address up")
            let third = try await holder()
            #expect(third !== cut)
            try await cluster.expectGone(cut, within: .seconds(5))
            #expect(await !Self.has(cut, bed))
            try await bed.heal()
            try await cluster.expectOne(within: .seconds(10))
            let last = try await holder()
            #expect(last === third)
            #expect(try await listener.longestGap() <= .seconds(1), "after a cut")
        }
    }

    /// Waits until one server has the address on its interface, and returns it.
    @Loop
    private static func onlyHolder(_ cluster: ChaosCluster, _ bed: Testbed) async throws -> ChaosServer {
        var holders: [ChaosServer] = []
        let (after, last) = await cluster.settles(within: .seconds(5)) {
            holders = []
            for server in cluster.servers where await has(server, bed) { holders.append(server) }
            return holders.count == 1 ? nil : "\(holders.map(\.name)) have the address"
        }
        guard after != nil, let holder = holders.first else { throw ChaosError(last + (await cluster.report())) }
        return holder
    }

    @Loop
    private static func has(_ server: ChaosServer, _ bed: Testbed) async -> Bool {
        let shown = try? await bed.host(server.index + 2).run("ip", ["-4", "-o", "addr", "show"])
        return shown?.text.contains(" \(address)/16 ") ?? false
    }
}

/// A listener who asks again and again, and notes when he was answered.
@Loop
private struct Listening {
    private let process: ChildProcess
    private let folder: TemporaryFolder

    init(_ host: TestHost, _ address: String) throws {
        folder = try TemporaryFolder()
        let script = """
            end=$(($(date +%s) + 60))
            while [ $(date +%s) -lt $end ]; do
                curl -s -f -o /dev/null -m 0.2 http://\(address):8080/healthz && date +%s%N
                sleep 0.02
            done
            """
        process = try host.start("sh", ["-c", script], log: folder.path + "/answers")
    }

    /// Ends it, and says how long he was without an answer, from the first to the last that he got.
    func longestGap() async throws -> Duration {
        process.send(.kill)
        let text = try String(contentsOfFile: folder.path + "/answers", encoding: .utf8)
        folder.remove()
        let times = text.split(separator: "\n").compactMap { Int64($0) }
        #expect(times.count > 5)
        return zip(times, times.dropFirst()).map { Duration.nanoseconds($1 - $0) }.max() ?? .seconds(60)
    }
}
