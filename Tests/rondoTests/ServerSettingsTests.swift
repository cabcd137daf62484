import Crypto
import Model
import Node
import Platform
import Testing

@testable import rondo

/// The configuration of a `rondo server` command line, or the faults.
private func configuration(
    _ arguments: [String], key: String? = ClusterKey().text, environment: [String: String] = [:]
) throws(Faults) -> ServerConfiguration {
    var environment = environment
    environment["RONDO_KEY"] = key
    environment["RONDO_HOME"] = "/tmp"
    var reader = InvocationReader(
        syntax: ServerCommand.syntax, environment: environment, knownSettings: []
    ) { path throws(Fault) in throw .failed("no \(path)") }
    let (invocation, faults) = reader.read(arguments)
    return try ServerSettings.read(invocation.noting(faults)).configuration
}

private func faults(_ arguments: [String], key: String? = ClusterKey().text) -> Faults? {
    do throws(Faults) {
        _ = try configuration(arguments, key: key)
        return nil
    } catch {
        return error
    }
}

@Suite struct ServerSettingsTests {
    @Test(arguments: [
        ("0", RoleChoice.auto), ("auto", .auto), ("1", .data), ("Data", .data), ("2", .registry),
        ("registry", .registry), ("3", .router), ("ROUTER", .router),
    ])
    func `the type is a number or a word`(_ text: String, _ choice: RoleChoice) throws {
        #expect(try configuration([text]).choice == choice)
    }

    @Test func `without options everything has the standard of the contract`() throws {
        let one = try configuration(["0"])
        #expect(one.address == nil)
        #expect(one.registries == [Endpoint(HostAddress(172, 20, 0, 2), 5300)])
        #expect([one.httpPort, one.peerPort, one.dnsPort, one.discoveryPort] == [8080, 7700, 5300, 2222])
        #expect(one.replicas == 3 && one.zone == "rondo" && !one.pin && one.keys.count == 1)
        #expect(one.logFormat == .text && one.logLevel == .info)
        #expect(one.capacity == nil && one.publicHTTP == nil && one.writeToken == nil)
    }

    @Test func `everything can be set`() throws {
        let one = try configuration([
            "3", "127.0.1.4", "127.0.1.1,127.0.1.9:53", "--http=1", "--peer=2", "--dns=3", "--discovery=0",
            "--replicas=2", "--zone", "Music.Example.", "--capacity", "2G", "--public-http", "music.example:80",
            "--log", "json", "--log-level", "debug", "--pin", "--http-address", "0.0.0.0",
        ])
        #expect(one.address == HostAddress(127, 0, 1, 4))
        #expect(one.registries.map(\.description) == ["127.0.1.1:5300", "127.0.1.9:53"])
        #expect([one.httpPort, one.peerPort, one.dnsPort, one.discoveryPort] == [1, 2, 3, 0])
        #expect(one.replicas == 2 && one.zone == "music.example" && one.capacity == 2 << 30 && one.pin)
        #expect(one.httpAddress == .any)
        #expect(one.publicHTTP == "music.example:80" && one.logFormat == .json && one.logLevel == .debug)
    }

    @Test func `a server without a key is told how to make one`() {
        let told = faults(["0"], key: nil)
        #expect(told?.exitCode == 2)
        #expect(told?.all.first?.message.contains("rondo key new") == true)
    }

    @Test func `a damaged key is refused without being shown`() {
        let told = faults(["0"], key: "rondo1-tooshort")
        #expect(told?.exitCode == 1)
        #expect(told?.all.first?.message.contains("tooshort") == false)
    }

    @Test func `a second key may stand beside the first`() throws {
        let pair = [ClusterKey(), ClusterKey()]
        let text = pair.map(\.text).joined(separator: "\n") + "\n"
        #expect(try configuration(["0"], environment: [:]).keys.count == 1)
        #expect(try configuration(["0"], key: text).keys == pair)
    }

    @Test(arguments: [
        ["4"], [], ["0", "1.2.3"], ["0", "0.0.0.0"], ["0", "127.0.0.1", "nowhere"], ["0", "127.0.0.1", "1.1.1.1:0"],
        ["0", "--http", "0"], ["0", "--http", "65536"], ["0", "--http", "7700"], ["0", "--replicas", "0"],
        ["0", "--http-address", "here"], ["0", "--public-http", "host:9-8"], ["0", "--public-http", "host:1-999"],
        ["0", "--zone", "a..b"], ["0", "--capacity", "much"], ["0", "--public-http", "host"], ["0", "--log", "xml"],
        ["0", "--log-level", "loud"], ["0", "127.0.0.1", "127.0.0.2", "more"],
    ])
    func `what is wrong is wrong usage, in one sentence`(_ arguments: [String]) {
        let told = faults(arguments)
        #expect(told?.exitCode == 2)
        #expect(told?.all.count == 1)
    }

    @Test func `all that is wrong is told at once`() {
        #expect(faults(["9", "x", "y", "--http", "z", "--log", "w"], key: nil)?.all.count == 6)
    }

    @Test func `an unreadable home is told`() {
        let told = faults(["0", "--home", "/dev/null"])
        #expect(told?.exitCode == 1)
        #expect(told?.all.first?.message.contains("/dev/null") == true)
    }
}
