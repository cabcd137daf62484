import Crypto
import Foundation
import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// Hosts on one network that nobody told of a registry.
@Suite(.serialized) struct BroadcastTests {
    @Test func `Rings on two sides of a cut find each other by broadcast when it heals, and a client finds them`()
        async throws
    {
        let folder = try TemporaryFolder()
        let rondo = ProcessInfo.processInfo.environment["RONDO_UNDER_TEST"] ?? buildFolder + "/rondo"
        let key = ["--key-file", try folder.file("key", Array((ClusterKey().text + "\n").utf8))]
        try await withTestbed(hosts: 4) { bed in
            // The client's host is on the larger side.
            try await bed.wire { $0.groups = [[2], [3, 4, 5]] }
            for number in 2...4 {
                let host = bed.host(number)
                _ = try host.start(
                    rondo,
                    ["server", "0", host.address.description, "none", "--home", "\(folder.path)/\(number)"] + key,
                    log: "\(folder.path)/\(number).log")
            }
            func status(_ number: Int) async -> String {
                let run = try? await bed.host(number).run(rondo, ["status", "none"] + key)
                return run?.text ?? ""
            }
            #expect(await becomes { await status(5).contains("The ring is closed: 2 servers.") })
            #expect(await becomes { await status(2).contains("1 Data") })
            try await bed.heal()
            let limit = deadline(.seconds(40))
            #expect(await becomes({ await status(5).contains("The ring is closed: 3 servers.") }, by: limit))
            for host in bed.hosts { await host.killAll() }
        }
        folder.remove()
    }
}
