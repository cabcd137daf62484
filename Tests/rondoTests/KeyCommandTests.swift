import Crypto
import Testing

@testable import rondo

@Suite struct KeyCommandTests {
    private func faults(_ arguments: [String], environment: [String: String] = [:]) async -> [String] {
        do throws(Faults) {
            try await Commands.run(["key", "tsig"] + arguments, environment: environment)
            return []
        } catch {
            return error.all.map(\.message)
        }
    }

    @Test func `the first key of a file counts, the others are accepted besides`() throws {
        let keys = [ClusterKey(), ClusterKey()]
        let text = keys.map { $0.text + "\n" }.joined()
        #expect(try KeyCommand.key(in: text, origin: "f").tsigArgument == keys[0].tsigArgument)
    }

    @Test func `a key comes from the environment, never from the command line`() async {
        let key = ClusterKey().text
        #expect(await faults([], environment: ["RONDO_KEY": key]) == [])
        let refused = await faults(["--key", key])
        #expect(refused.count == 1 && refused.allSatisfy { $0.contains("--key-file") && !$0.contains(key) })
    }

    @Test func `a wrong key is a sentence that does not repeat it`() async {
        let damaged = String(ClusterKey().text.dropLast(3))
        let sentences = await faults([], environment: ["RONDO_KEY": damaged])
        #expect(sentences.count == 1 && sentences.allSatisfy { $0.contains("damaged") && !$0.contains(damaged) })
        #expect(await faults(["--key-file", "/nonexistent/key"]).first?.contains("does not exist") == true)
    }
}
