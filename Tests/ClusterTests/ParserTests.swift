import Foundation
import Linux
import Model
import Platform
import Testing
import TestTools

extension ClusterTests {
    /// A parser that goes wrong costs the upload that it was given, and nothing else.
    @Suite struct ParserTests {
        /// The real parser, but for three files' names, which stand behind `--describe`.
        private static func script(around parser: String) -> String {
            """
            #!/bin/sh
            case $2 in
            crash*) kill -SEGV $$ ;;
            hang*) ulimit -t 1; while :; do :; done ;;
            bomb*) ulimit -v 262144; exec tail /dev/zero ;;
            esac
            exec '\(parser)' "$@"
            """
        }

        @Test func `a parser that crashes, hangs or eats memory fails its upload alone, and the next one is taken`()
            async throws
        {
            try await withCluster(["auto", "auto"]) { cluster in
                let folder = cluster.folder + "/bin"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: Tool.rondo, toPath: folder + "/rondo")
                try Self.script(around: buildFolder + "/rondo-media").write(
                    toFile: folder + "/rondo-media", atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: folder + "/rondo-media")
                let server = cluster.add("router")
                server.program = folder + "/rondo"
                try server.start()
                try await cluster.ready()
                let process = server.process?.processID
                for name in ["crash.opus", "hang.opus", "bomb.opus"] {
                    let path = "\(cluster.folder)/\(name)"
                    try FileManager.default.copyItem(atPath: Music.short(), toPath: path)
                    let answer = try await Curl.upload(path, to: server, within: .seconds(60))
                    #expect(answer.status == 422 && answer.errorCode == "unreadable", "\(name): \(answer.status)")
                }
                #expect(try await Library.songs(at: server).isEmpty)
                let answer = try await Curl.upload(Music.short(), to: server)
                #expect(answer.status == 201)
                #expect(server.isRunning && server.process?.processID == process)
                #expect(cluster.running.count == 3)
            }
        }
    }
}
