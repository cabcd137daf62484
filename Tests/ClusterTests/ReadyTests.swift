import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// What containers need of a server: HTTP on a second network, and somebody to say whether it is ready.
    @Suite struct ReadyTests {
        @Test func `HTTP is served on a second address, and nothing else is`() async throws {
            let outside = RealCluster.freshBlock()
            try await withCluster(["auto"], extra: ["--http-address", outside.description]) { cluster in
                #expect(try await Curl.get("http://\(outside):8080/healthz").status == 200)
                #expect(try await Curl.get(cluster.servers[0].url + "/healthz").status == 200)
                let peer = try await Tool.run("curl", ["-s", "--max-time", "2", "http://\(outside):7700"])
                #expect(peer.exit == .exited(7), "refused, as curl says it: \(peer.exit)")
                let ready = try await Tool.run(Tool.rondo, ["ready", outside.description])
                #expect(ready.exit == .exited(0) && ready.text == "\(outside):8080 is ready\n", "\(ready.errors)")
            }
        }

        @Test func `who asks a Data server by its own address is sent to a Router's, others to the published one`()
            async throws
        {
            try await withCluster(["data", "data", "router"], extra: ["--public-http", "music.example:99"]) { cluster in
                let data = try #require(await cluster.running(.data).first)
                let router = try #require(await cluster.running(.router).first)
                func place(_ arguments: [String]) async throws -> String {
                    try await Tool.run(
                        "curl", ["-s", "-o", "/dev/null", "-w", "%{redirect_url}", data.url + "/"] + arguments
                    ).text
                }
                #expect(try await place([]) == router.url + "/")
                #expect(try await place(["-H", "Host: music.example:99"]) == "http://music.example:99/")
            }
        }

        @Test func `rondo ready says why a server is not ready, and that one does not answer`() async throws {
            try await withCluster(["auto"]) { cluster in
                await cluster.registry.kill()
                let late = cluster.add()
                try late.start()
                try await eventually(within: .seconds(10), "it says what is missing", state: { late.logTail }) {
                    let told = try await Tool.run(Tool.rondo, ["ready", late.address.description])
                    return told.exit == .exited(1) && told.errors.contains("is not ready")
                }
                await late.kill()
                let silent = try await Tool.run(Tool.rondo, ["ready", late.address.description])
                #expect(silent.exit == .exited(1) && silent.errors.contains("does not answer"), "\(silent.errors)")
            }
        }
    }
}
