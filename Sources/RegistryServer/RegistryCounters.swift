internal import Model
internal import Platform
internal import Registry

/// Counts on the hot path in plain numbers and hands them to the metrics four times a second at most.
@Loop
final class RegistryCounters {
    private static let queries = "rondo_dns_queries_total"
    private static let queriesHelp = "DNS queries answered, by transport and response code"
    private static let dropped = "rondo_dns_dropped_total"
    private static let leases = "rondo_registry_lease_requests_total"
    private static let removals = "rondo_registry_removals_total"
    private static let flushInterval: Duration = .milliseconds(250)

    private let metrics: Metrics
    private let clock: any Clock
    /// By transport (UDP, TCP) times 32 response codes; the last of each 32 counts dropped packets.
    private var counts = [Int](repeating: 0, count: 64)
    private var pending: (any TimerHandle)?

    init(metrics: Metrics, clock: any Clock) {
        self.metrics = metrics
        self.clock = clock
    }

    func count(_ outcome: DNSOutcome, _ transport: DNSTransport) {
        let row = transport == .udp ? 0 : 32
        switch outcome {
        case .reply(_, let code): counts[row + min(Int(code.value), 30)] += 1
        case .dropped: counts[row + 31] += 1
        }
        guard pending == nil else { return }
        pending = clock.schedule(at: clock.now + Self.flushInterval) { [weak self] in self?.flush() }
    }

    func flush() {
        pending?.cancel()
        pending = nil
        for index in counts.indices where counts[index] > 0 {
            let transport = index < 32 ? "udp" : "tcp"
            let amount = Double(counts[index])
            if index % 32 == 31 {
                metrics.count(
                    Self.dropped, "Packets on the DNS port that are no queries", labels: "transport=\"\(transport)\"",
                    by: amount)
            } else {
                let code = ResponseCode(UInt16(index % 32)).name
                metrics.count(
                    Self.queries, Self.queriesHelp, labels: "transport=\"\(transport)\",rcode=\"\(code)\"", by: amount)
            }
            counts[index] = 0
        }
    }

    func count(_ outcome: LeaseOutcome) {
        metrics.count(Self.leases, "Lease requests, by outcome", labels: "outcome=\"\(outcome.rawValue)\"")
    }

    func count(_ verdict: SignatureVerdict) {
        metrics.count(
            "rondo_dns_signatures_total", "Signed queries and updates, by what became of their signature",
            labels: "verdict=\"\(verdict.rawValue)\"")
    }

    func count(_ outcome: UpdateOutcome) {
        metrics.count(
            "rondo_dns_updates_total", "Dynamic updates, by outcome", labels: "outcome=\"\(outcome.rawValue)\"")
    }

    func count(_ reason: RemovalReason) {
        metrics.count(Self.removals, "Leases that ended, by reason", labels: "reason=\"\(reason.rawValue)\"")
    }

    func set(_ counts: RoleCounts, registries: Int, serial: UInt32) {
        for role in Role.allCases {
            metrics.set(
                "rondo_registry_leases", "Leases held, by role", labels: "role=\"\(role.rawValue)\"",
                to: Double(counts[role]))
        }
        metrics.set("rondo_registry_live", "Live registries, this one among them", to: Double(registries))
        metrics.set("rondo_registry_zone_serial", "The zone's serial", to: Double(serial))
    }
}
