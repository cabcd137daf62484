import FoundationEssentials
import Testbed

/// What somebody asks of `rondo chaos`.
struct ChaosSettings: Sendable {
    enum Ground: String, CaseIterable, Sendable { case processes, hosts, docker }

    static let mostServers = 30
    static let standardServers = 5
    static let standardSeconds = 60
    static let standardImage = "rondo"

    var ground: Ground
    var servers: Int
    var registries: Int
    var listeners: Int
    var seed: UInt64
    var seconds: Int
    var report: String
    /// What the containers are made of.
    var image: String
    /// Where homes and logs go; nil means a folder of their own that is removed when all was well.
    var home: String?

    static func read(_ invocation: Invocation) throws(Faults) -> ChaosSettings {
        var reader = SettingsReader(invocation, faults: invocation.faults)
        let settings = ChaosSettings(
            ground: reader.choice("on", Ground.allCases.map { ($0.rawValue, $0) }, standard: .processes),
            servers: reader.whole("servers", in: 3...mostServers, standard: standardServers),
            registries: reader.whole("registries", in: 1...5, standard: 2),
            listeners: reader.whole("listeners", in: 1...50, standard: 3),
            seed: reader.value("seed", "a whole number from 0 to \(UInt64.max)") { UInt64($0) }
                ?? UInt64.random(in: 0..<1_000_000),
            seconds: reader.whole("seconds", in: 1...86_400, standard: standardSeconds),
            report: reader.text("report") ?? "rondo-chaos.html", image: reader.text("image") ?? standardImage,
            home: reader.text("home"))
        if !reader.faults.isEmpty { throw Faults(reader.faults) }
        return settings
    }

    /// The command that draws the same faults again.
    var replay: String {
        "rondo chaos --on \(ground.rawValue) --servers \(servers) --registries \(registries) --listeners \(listeners) "
            + "--seed \(seed) --seconds \(seconds)"
    }
}
