/// What can be done to a simulated cluster, by the names that `rondo simulate --faults` knows.
package enum FaultKind: String, CaseIterable, Hashable, Sendable {
    case kill, power, pause, overload, partition, firewall, loss, delay, registry
    case oneWay = "one-way"

    package var name: String { rawValue }

    /// What it does, for people.
    package var summary: String {
        switch self {
        case .kill: "kill -9 of a server, or of two neighbours at once; it is started again"
        case .power: "a host without power or cable: silence, nothing is refused"
        case .pause: "SIGSTOP for a quarter of a second to ten seconds, then SIGCONT"
        case .overload: "a machine that gets round to everything up to 400 ms late"
        case .firewall: "two hosts whose connections to each other are reset"
        case .partition: "the network in two or three parts, healed after a while"
        case .oneWay: "one direction cut between two hosts, or towards one from all"
        case .loss: "5 to 30 % of the datagrams lost, streams delayed by it"
        case .delay: "packets up to 100 ms late, overtaking each other"
        case .registry: "kill -9 of the registry, which starts again empty"
        }
    }

    /// Whether it changes which hosts reach each other, so that only one of the kind goes on at a time.
    var cutsPaths: Bool { [.partition, .oneWay, .firewall].contains(self) }
}
