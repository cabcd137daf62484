package import Model
package import Registry
internal import Ring

// What clients get to know from the registries, in real DNS messages.
extension RingWorld {
    /// What a registry would answer now to a question like `data.rondo`; nil from one that is down or paused.
    ///
    /// Looking changes nothing: the history goes on as if nobody had asked.
    package func answer(
        _ name: String, _ type: RecordType = .a, from registry: Int = 0, over transport: DNSTransport = .tcp
    ) -> DNSAnswer? {
        guard registries[registry].isUp, var machine = registries[registry].machine, let name = DomainName(name)
        else { return nil }
        let query = DNSQuery(id: 1, name, type)
        var effects: [RegistryEffect] = []
        let time = registries[registry].clocks.local(now)
        let arrival = DNSArrival(over: transport, from: Endpoint(.loopback, 1), wallSeconds: 0)
        guard case .reply(let bytes, _) = machine.answer(query.bytes, arrival, at: time, into: &effects) else {
            return nil
        }
        return try? query.answer(parsing: bytes)
    }

    /// The servers that a registry lists for a role, nil when it does not say.
    package func listed(_ role: Role, by registry: Int = 0) -> [HostAddress]? {
        guard let answer = answer("\(role.rawValue).rondo", from: registry), answer.code == .noError else { return nil }
        return answer.addresses.sorted()
    }

    /// Where the running servers of a role are.
    package func addresses(of role: Role) -> [HostAddress] {
        running.filter { $0.ring?.own.role == role }.map(\.endpoint.host).sorted()
    }
}
