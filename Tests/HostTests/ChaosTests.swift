import Chaos
import Foundation
import Linux
import Model
import Platform
import TestTools
import Testing

/// The command that hurts clusters.
@Suite(.serialized) struct ChaosTests {
    @Test func `Some seconds of chaos on hosts are healed, and drawn on a page`() async throws {
        try await onLoop {
            let folder = try TemporaryFolder()
            let page = folder.path + "/chaos.html"
            let rondo = ProcessInfo.processInfo.environment["RONDO_UNDER_TEST"] ?? buildFolder + "/rondo"
            var child = ChildSpecification(
                rondo,
                [
                    "chaos", "--on", "hosts", "--seconds", "8", "--seed", "11", "--report", page, "--home",
                    folder.path + "/home",
                ], environment: ProcessInfo.processInfo.environment)
            child.output = .appended(to: folder.path + "/out")
            child.error = .appended(to: folder.path + "/out")
            let process = try ChildProcess(child)
            let exit = await process.waitOrKill(at: deadline(.seconds(150)))
            let said = try String(contentsOfFile: folder.path + "/out", encoding: .utf8)
            #expect(exit == .exited(0), "\(said)")
            let text = try String(contentsOfFile: page, encoding: .utf8)
            #expect(text.contains("<svg") && text.contains("listener-1") && text.contains("All is well"))
            folder.remove()
        }
    }
}
