package import Model

/// What a server has been told of the live registries, so that its renewals and their answers repeat none of it.
///
/// A request says which list the server was told last; an answer has another one only where it differs. What a request
/// says of other registries is what that list lacks. Whatever is lost is said again, since only answers that came
/// count; another registry than the one that answered last is told everything.
package struct ToldRegistries: Sendable {
    /// Who answered last.
    private var teller: Endpoint?
    private var live: Set<Endpoint> = []
    private var mark: UInt64?
    /// Registries that the server knew of when the list came without them: perhaps their teller has forgotten them.
    private var missing: [Endpoint] = []

    package init() {}

    /// Says in a request to a registry which others there are that it may not know of, and what it need not tell.
    package func complete(_ request: inout LeaseRequest, to registry: Endpoint, knowing places: [Endpoint]) {
        request.told = mark
        guard registry == teller else { return request.registries = places }
        let unsaid = missing + places.filter { !live.contains($0) && !missing.contains($0) }
        request.registries = unsaid.isEmpty ? nil : unsaid
    }

    /// Takes the answer that a registry gave to a server which knew these places.
    package mutating func took(_ answer: LeaseAnswer, of registry: Endpoint, knowing places: [Endpoint]) {
        guard answer.outcome == .granted else { return }
        teller = registry
        missing = []
        guard let registries = answer.registries else { return }
        live = Set(registries.map(\.peer))
        mark = RegistryIdentity.mark(of: registries)
        missing = places.filter { !live.contains($0) }
    }
}

extension RegistryIdentity {
    /// A number for a list of registries, in whatever order.
    static func mark(of registries: [RegistryIdentity]) -> UInt64 {
        var hash = EntryHash()
        for one in registries.sorted(by: { $0.life < $1.life }) {
            hash.add(one.life)
            hash.add(UInt64(one.address.value) << 32 | UInt64(one.peerPort) << 16 | UInt64(one.dnsPort))
            hash.add(UInt64(one.httpPort))
        }
        return hash.value
    }
}
