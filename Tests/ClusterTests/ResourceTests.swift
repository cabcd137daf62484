import Client
import Foundation
import Linux
import Model
import Platform
import Testing

extension ClusterTests {
    /// Servers are small.
    @Suite struct ResourceTests {
        @Test func `an idle server uses at most 40 MB of memory and 1 % of a core`() async throws {
            try await withCluster(five) { cluster in
                let clock = cluster.prober.clock
                // What it costs to start is not what it costs to be there.
                await clock.sleep(for: .seconds(5))
                let all = [cluster.registry] + cluster.servers
                let before = try all.map { try ProcessUse(of: $0) }
                await clock.sleep(for: .seconds(20))
                for (server, before) in zip(all, before) {
                    let use = try ProcessUse(of: server)
                    #expect(use.residentBytes <= 40 << 20, "\(server.name): \(use.residentBytes) bytes")
                    #expect(
                        use.cpu - before.cpu <= .milliseconds(200), "\(server.name): \(use.cpu - before.cpu) of 20 s")
                }
            }
        }

        @Test func `a large upload raises no server's memory by more than 32 MB`() async throws {
            try await withCluster(five) { cluster in
                let path = cluster.folder + "/large.wav"
                // 25 minutes of a tone: 265 MB.
                let made = try await Tool.run(
                    "ffmpeg",
                    ["-v", "error", "-f", "lavfi", "-i", "sine=440:r=44100:d=1500", "-ac", "2", "-y", "file:" + path])
                try made.expectSuccess()
                let router = try #require(await cluster.running(.router).first)
                let before = try cluster.servers.map { try ProcessUse(of: $0).residentBytes }
                let answer = try await Curl.upload(path, to: router, within: .seconds(120))
                #expect(answer.status == 201, "\(String(decoding: answer.body, as: UTF8.self))")
                for (server, before) in zip(cluster.servers, before) {
                    let peak = try ProcessUse(of: server).peakBytes
                    #expect(peak - before <= 32 << 20, "\(server.name) rose from \(before) to \(peak) bytes")
                }
            }
        }
    }
}

/// What the kernel says of a process (proc(5)).
@Loop
private struct ProcessUse {
    let residentBytes: Int
    let peakBytes: Int
    let cpu: Duration

    init(of server: RealServer) throws {
        let folder = "/proc/\(server.process?.processID ?? 0)"
        let status = try String(contentsOfFile: folder + "/status", encoding: .utf8)
        let values = status.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        func kilobytes(_ name: String) -> Int {
            values.first { $0.first == name[...] }.flatMap { Int($0[1]) } ?? 0
        }
        residentBytes = kilobytes("VmRSS:") << 10
        peakBytes = kilobytes("VmHWM:") << 10
        let stat = try String(contentsOfFile: folder + "/stat", encoding: .utf8)
        // The fields after the name in parentheses; utime and stime are the 14th and 15th of all, in ticks of 10 ms.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
        cpu = .milliseconds(10 * ticks)
    }
}
