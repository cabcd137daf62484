import FoundationEssentials
import Model

/// What somebody asks of `rondo up`.
struct UpSettings: Sendable {
    static let mostServers = 100
    private static let standardBase = HostAddress(127, 0, 1, 1)

    var servers: Int
    var music: String?
    var home: String
    var httpPort: UInt16
    /// The registry's; the servers' follow.
    var base: HostAddress

    static func read(_ invocation: Invocation) throws(Faults) -> UpSettings {
        var reader = SettingsReader(invocation, faults: invocation.faults)
        let settings = UpSettings(
            servers: reader.whole("servers", in: 1...mostServers, standard: 5), music: reader.text("music"),
            home: absolute(reader.text("home") ?? standardHome(ProcessInfo.processInfo.environment)),
            httpPort: reader.port("http-port", standard: 8080),
            base: reader.value("base", "an address like 127.0.1.1, with room for the servers after it", base)
                ?? standardBase)
        if let music = settings.music, !FileManager.default.fileExists(atPath: music) {
            reader.add(.failed("the music folder \(music) does not exist; check --music"))
        }
        if !reader.faults.isEmpty { throw Faults(reader.faults) }
        return settings
    }

    /// `$XDG_DATA_HOME/rondo`, else `$HOME/.local/share/rondo`, else `rondo-home` here.
    static func standardHome(_ environment: [String: String]) -> String {
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/rondo" }
        if let home = environment["HOME"], !home.isEmpty { return home + "/.local/share/rondo" }
        return "rondo-home"
    }

    /// A loopback address (RFC 1122 §3.2.1.3), low enough in its last part.
    private static func base(_ text: String) -> HostAddress? {
        guard let address = HostAddress(text), address.value >> 24 == 127,
            (1...100).contains(address.value & 255)
        else { return nil }
        return address
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    func serverAddress(_ number: Int) -> HostAddress { HostAddress(base.value + UInt32(number)) }
}
