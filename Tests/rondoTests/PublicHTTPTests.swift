import Model
import Testing
import TestTools

@testable import rondo

@Suite struct PublicHTTPTests {
    @Test func `a port, or a range of which one port will turn out to be the server's`() throws {
        let one = try #require(PublicHTTP("music.example:80"))
        #expect(one.isSinglePort && one.text(80) == "music.example:80")
        let range = try #require(PublicHTTP("localhost:8080-8099"))
        #expect(!range.isSinglePort && range.ports == 8080...8099 && range.host == "localhost")
    }

    @Test(arguments: [
        "", "host", ":80", "host:", "host:0", "host:x", "host:80-", "host:-80", "host:90-80", "host:1-2-3",
        "host:1-1000", "ho st:80", "host:80:81", "host:0-5", "host:70000",
    ])
    func `anything else is neither`(text: String) {
        #expect(PublicHTTP(text) == nil)
    }

    @Test(
        arguments: [
            (["0", "172.20.0.3"], "172.20.0.3:8080"),
            (["3", "172.20.0.3", "172.20.0.2", "--http", "81"], "172.20.0.3:81"),
            (["0", "172.20.0.3", "--http-address", "0.0.0.0"], "127.0.0.1:8080"),
            (["0", "172.20.0.3", "--http-address=172.21.0.3"], "172.21.0.3:8080"),
            (["2", "127.0.0.9"], "127.0.0.9:8080"),
            (["0"], "127.0.0.1:8080"),
        ] as [([String], String)])
    func `where a server serves HTTP is read from its command line`(arguments: [String], place: String) async throws {
        try await onLoop {
            let server = RunningServer(arguments: arguments, environment: ["RONDO_REGISTRY": "127.0.0.1"])
            #expect(server.http?.description == place)
        }
    }

    @Test func `what a server has from its environment counts as well`() async throws {
        let environment = ["RONDO_ADDRESS": "127.0.0.7", "RONDO_HTTP": "8081", "RONDO_TYPE": "0"]
        try await onLoop {
            let server = RunningServer(arguments: [], environment: environment)
            #expect(server.http?.description == "127.0.0.7:8081")
        }
    }
}
