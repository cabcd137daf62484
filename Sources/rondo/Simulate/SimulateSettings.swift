import Simulation

/// What somebody asks of `rondo simulate`.
struct SimulateSettings: Sendable {
    static let mostServers = 10_000
    static let standardServers = 5
    static let standardSeconds = 30

    var servers: Int
    var seed: UInt64
    var faults: Set<FaultKind>
    var seconds: Int
    var report: String?
    /// Random histories of stored music to play instead of one of the ring.
    var histories: Int

    static func read(_ invocation: Invocation) throws(Faults) -> SimulateSettings {
        var reader = SettingsReader(invocation, faults: invocation.faults)
        let servers = reader.whole("servers", in: 1...mostServers, standard: standardServers)
        let settings = SimulateSettings(
            servers: servers,
            seed: reader.value("seed", "a whole number from 0 to \(UInt64.max)") { UInt64($0) }
                ?? UInt64.random(in: 0..<1_000_000),
            faults: reader.value("faults", "all, none, or some of \(names) with commas between", faults)
                ?? standardFaults(servers),
            seconds: reader.whole("seconds", in: 0...86_400, standard: standardSeconds),
            report: reader.text("report"),
            histories: reader.whole("music", in: 0...1_000_000, standard: 0))
        if !reader.faults.isEmpty { throw Faults(reader.faults) }
        return settings
    }

    /// A cut through a thousand servers is a million deaths: minutes of work that only who names it wants.
    static func standardFaults(_ servers: Int) -> Set<FaultKind> {
        servers <= 500 ? Set(FaultKind.allCases) : [.kill, .power, .pause, .registry]
    }

    private static var names: String { FaultKind.allCases.map(\.name).joined(separator: ", ") }

    private static func faults(_ text: String) -> Set<FaultKind>? {
        if text == "all" { return Set(FaultKind.allCases) }
        if text == "none" { return [] }
        let faults = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            FaultKind.allCases.first { $0.name == part.lowercased().filter { $0 != " " } }
        }
        return faults.contains(nil) ? nil : Set(faults.compactMap(\.self))
    }

    /// The names of the faults, in their order.
    var faultNames: String {
        if faults.count == FaultKind.allCases.count { return "all" }
        return faults.isEmpty ? "none" : FaultKind.allCases.filter(faults.contains).map(\.name).joined(separator: ",")
    }

    /// The command that plays the same again.
    var replay: String {
        var words = "rondo simulate --servers \(servers) --seed \(seed) --seconds \(seconds)"
        if faults != Self.standardFaults(servers) { words += " --faults \(faultNames)" }
        return words
    }
}
